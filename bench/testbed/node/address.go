// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
)

const (
	// poolAnnotation on a StatefulSet's pods names the range from which they get
	// fixed addresses: the testbed has no cluster DNS by which members could find
	// each other.
	poolAnnotation = "testbed.evenkeel.dev/address-pool"
	// poolOffset is the distance of the first member's address from the base.
	poolOffset = 10
	// firstAddress is the distance of the first pod's address from the CIDR's base.
	firstAddress = 10
)

// addresses gives pods their addresses. One that was given back comes again only
// after all others.
type addresses struct {
	mu   sync.Mutex
	cidr netip.Prefix
	next uint32
	held map[netip.Addr]types.UID
}

func newAddresses(cidr netip.Prefix) *addresses {
	return &addresses{cidr: cidr.Masked(), next: firstAddress, held: map[netip.Addr]types.UID{}}
}

// give finds the pod's address: from its pool, else the one that its status says
// it has, else the next free one.
func (a *addresses) give(pod *corev1.Pod) (string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if pool, ok := pod.Annotations[poolAnnotation]; ok {
		fixed, err := fromPool(pool, pod)
		if err != nil {
			return "", err
		}
		return a.take(fixed, pod.UID)
	}
	if old, err := netip.ParseAddr(pod.Status.PodIP); err == nil && a.cidr.Contains(old) {
		if given, err := a.take(old, pod.UID); err == nil {
			return given, nil
		}
	}
	size := uint32(1) << (32 - a.cidr.Bits())
	for range size {
		candidate := plus(a.cidr.Addr(), a.next%size)
		a.next++
		if _, taken := a.held[candidate]; !taken && usable(candidate) {
			return a.take(candidate, pod.UID)
		}
	}
	return "", fmt.Errorf("no address is free in %s", a.cidr)
}

// back returns all of a pod's addresses.
func (a *addresses) back(uid types.UID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for address, holder := range a.held {
		if holder == uid {
			delete(a.held, address)
		}
	}
}

func (a *addresses) take(address netip.Addr, uid types.UID) (string, error) {
	if holder, taken := a.held[address]; taken && holder != uid {
		return "", fmt.Errorf("address %s is held by pod %s", address, holder)
	}
	a.held[address] = uid
	return address.String(), nil
}

// fromPool is base+10+N for the pod with ordinal N.
func fromPool(pool string, pod *corev1.Pod) (netip.Addr, error) {
	prefix, err := netip.ParsePrefix(pool)
	if err != nil || !prefix.Addr().Is4() {
		return netip.Addr{}, fmt.Errorf("annotation %s: %q is not an IPv4 range", poolAnnotation, pool)
	}
	index, ok := pod.Labels[appsPodIndex]
	if !ok {
		return netip.Addr{}, errors.New("annotation " + poolAnnotation + " is for the pods of a StatefulSet: label " + appsPodIndex + " is missing")
	}
	ordinal, err := strconv.ParseUint(index, 10, 16)
	if err != nil {
		return netip.Addr{}, fmt.Errorf("label %s: %w", appsPodIndex, err)
	}
	address := plus(prefix.Masked().Addr(), poolOffset+uint32(ordinal))
	if !prefix.Contains(address) {
		return netip.Addr{}, fmt.Errorf("address pool %s has no address for ordinal %d", pool, ordinal)
	}
	return address, nil
}

// appsPodIndex is the label that holds a StatefulSet pod's ordinal.
const appsPodIndex = "apps.kubernetes.io/pod-index"

func plus(base netip.Addr, n uint32) netip.Addr {
	raw := base.As4()
	binary.BigEndian.PutUint32(raw[:], binary.BigEndian.Uint32(raw[:])+n)
	return netip.AddrFrom4(raw)
}

// usable leaves out what looks like the address of a network or a broadcast.
func usable(a netip.Addr) bool {
	last := a.As4()[3]
	return last != 0 && last != 255
}
