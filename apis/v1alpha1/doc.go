// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package v1alpha1 holds Evenkeel's kinds and the names that are part of its
// contract with people: condition types, reasons, annotations and finalizers.
//
// Validation lives beside the field it guards, as schema bounds and CEL rules
// with messages meant to be read by whoever wrote the object.
//
// +kubebuilder:object:generate=true
// +groupName=evenkeel.dev
package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupVersion is the API group and version of every kind in this package.
var GroupVersion = schema.GroupVersion{Group: "evenkeel.dev", Version: "v1alpha1"}

// AddToScheme registers the kinds of this package.
func AddToScheme(s *runtime.Scheme) error {
	s.AddKnownTypes(GroupVersion, &ControlPlaneProfile{}, &ControlPlaneProfileList{},
		&ResourceProfile{}, &ResourceProfileList{}, &UsageHistory{}, &UsageHistoryList{},
		&AvailabilityLedger{}, &AvailabilityLedgerList{}, &VantagePoint{}, &VantagePointList{})
	metav1.AddToGroupVersion(s, GroupVersion)
	return nil
}
