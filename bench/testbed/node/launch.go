// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"evenkeel.dev/evenkeel/bench/testbed/node/expand"
	"evenkeel.dev/evenkeel/bench/testbed/process"
)

// reasonNoImage is a kubelet's for an image that cannot be had.
const reasonNoImage = "ErrImagePull"

// startError is why a container could not be started, with the reason that its
// status gives.
type startError struct {
	reason string
	err    error
}

func (e *startError) Error() string { return e.err.Error() }
func (e *startError) Unwrap() error { return e.err }

// start starts a container's next life.
func (w *worker) start(ctx context.Context, pod *corev1.Pod, c *container, spec *corev1.Container) error {
	image, ok := w.agent.image(spec.Image)
	if !ok {
		return &startError{reasonNoImage, fmt.Errorf("image %q is not among the testbed's binaries", spec.Image)}
	}
	l, argv, err := w.prepare(ctx, pod, spec, image)
	if err != nil {
		return &startError{"CreateContainerConfigError", err}
	}
	if err := w.enclose(pod, c, l); err != nil {
		return &startError{"CreateContainerError", err}
	}
	restarts := c.restarts
	if c.ran {
		restarts++
	}
	log := filepath.Join(w.logs(pod), spec.Name, strconv.Itoa(int(restarts))+".log")
	l.process, err = w.agent.launch(process.Spec{
		Name: pod.Namespace + "/" + pod.Name + "/" + spec.Name, Argv: argv, Env: l.env, Dir: l.dir,
		LogPath: log, Hostname: hostname(pod), Group: l.group,
	})
	if err != nil {
		return &startError{"RunContainerError", err}
	}
	l.started = w.agent.clock.Now()
	c.life, c.log, c.restarts, c.ran = l, log, restarts, true
	c.waiting, c.tries = nil, 0
	if c.exited != nil {
		c.before, c.exited = c.exited, nil
	}
	c.id, c.imageID = containerID(pod.UID, c.name, restarts, l.started), "local://"+filepath.Base(image[0])
	return nil
}

// prepare makes the environment and the command of a life.
func (w *worker) prepare(ctx context.Context, pod *corev1.Pod, spec *corev1.Container, image []string) (*life, []string, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	mounts, err := w.mounts(spec)
	if err != nil {
		return nil, nil, err
	}
	home := w.agent.mounter.Pod(pod.UID)
	l := &life{paths: expand.NewPaths(mounts), dir: home}
	if spec.WorkingDir != "" {
		l.dir = l.paths.Rewrite(spec.WorkingDir)
	}
	temporary := filepath.Join(home, "tmp")
	if err := os.MkdirAll(temporary, 0o700); err != nil {
		return nil, nil, fmt.Errorf("making the container's folder: %w", err)
	}
	var v expand.Variables
	v.Set("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
	v.Set("HOME", home)
	v.Set("TMPDIR", temporary)
	v.Set("HOSTNAME", hostname(pod))
	if kubeconfig, ok := w.volumes.Kubeconfig(pod, spec.VolumeMounts); ok {
		v.Set("KUBECONFIG", kubeconfig)
	}
	if err := expand.Environment(ctx, &v, spec, w.facts(pod), w.agent.mounter.Objects); err != nil {
		return nil, nil, err
	}
	l.env = v.List(l.paths)
	argv, err := expand.Command(image, spec, &v, l.paths)
	if err != nil {
		return nil, nil, err
	}
	argv[0], err = lookPath(argv[0])
	return l, argv, err
}

// mounts are the real places behind a container's mount paths.
func (w *worker) mounts(spec *corev1.Container) ([]expand.Mount, error) {
	var mounts []expand.Mount
	for _, m := range spec.VolumeMounts {
		folder, ok := w.volumes[m.Name]
		if !ok {
			return nil, fmt.Errorf("the pod has no volume %q", m.Name)
		}
		if m.SubPathExpr != "" {
			return nil, errors.New("subPathExpr is not known to a node of the testbed")
		}
		if m.SubPath != "" {
			if !filepath.IsLocal(m.SubPath) {
				return nil, fmt.Errorf("subPath %q is not a path inside volume %q", m.SubPath, m.Name)
			}
			folder = filepath.Join(folder, m.SubPath)
		}
		mounts = append(mounts, expand.Mount{Path: path.Clean(m.MountPath), Real: folder})
	}
	return mounts, nil
}

// enclose makes the life's cgroup with what is allocated to the container.
func (w *worker) enclose(pod *corev1.Pod, c *container, l *life) error {
	var err error
	if l.group, err = w.agent.o.Cgroups.Group(groupPath(pod.UID, c.name)); err != nil {
		return fmt.Errorf("making the container's cgroup: %w", err)
	}
	if err := setLimits(l.group, c.allocated); err != nil {
		return err
	}
	c.actual = *c.allocated.DeepCopy()
	if u, err := l.group.Usage(); err == nil {
		l.ooms, l.cpu = u.OOMKills, u.CPUSeconds
	}
	return nil
}

func (w *worker) facts(pod *corev1.Pod) expand.Facts {
	return expand.Facts{
		Pod: pod, PodIP: w.address, HostIP: w.agent.o.Address.String(), Allocatable: w.agent.o.capacity(),
	}
}

func (w *worker) logs(pod *corev1.Pod) string {
	return filepath.Join(w.agent.o.Dir, "logs", pod.Namespace+"_"+pod.Name+"_"+string(pod.UID))
}

func hostname(pod *corev1.Pod) string {
	if pod.Spec.Hostname != "" {
		return pod.Spec.Hostname
	}
	return pod.Name
}
