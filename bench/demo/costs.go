// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"evenkeel.dev/evenkeel/bench/await"
	"evenkeel.dev/evenkeel/bench/report"
	"evenkeel.dev/evenkeel/bench/stage"
)

const (
	// tick and pulse are how often the operator looks when all is calm, as it is
	// deployed by the shipped manifests.
	tick  = 5 * time.Second
	pulse = 250 * time.Millisecond
	// costRounds is how many looks are made to tell what one costs.
	costRounds = 40
	// background is how long the apiserver is watched without them.
	background = 5 * time.Second
	// maxPage bounds a metrics page, in bytes.
	maxPage = 32 << 20

	// metricsPort is where the shipped Deployment serves the operator's metrics.
	metricsPort = 8080

	protobufPage = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
)

// costs measures what Evenkeel takes: the operator's own CPU and memory, what its
// looks cost the tenant's apiservers, and what was restarted on the way.
func (p *run) costs(ctx context.Context) error {
	p.state.phase("counting the cost", 0)
	replicas, err := p.stage.Tenant.Replicas(ctx)
	if err != nil {
		return err
	}
	if len(replicas) == 0 {
		return errors.New("counting the cost: no apiserver is left")
	}
	restarts, err := p.restarts(ctx)
	if err != nil {
		return err
	}
	p.report.Add(report.Restarts, "", float64(restarts))
	if err := p.operatorCost(ctx); err != nil {
		p.report.Miss(report.OperatorCPU, err.Error())
		p.report.Miss(report.OperatorRSS, err.Error())
	}
	cost, err := p.lookCost(ctx, p.stage.Tenant.ReplicaConfig(replicas[0]))
	if err != nil {
		p.report.Miss(report.ObserveCPU, err.Error())
		return nil
	}
	p.report.Add(report.ObserveCPU, "cores", cost*float64(len(replicas)))
	return nil
}

// restarts counts the restarts of the tenant's containers.
func (p *run) restarts(ctx context.Context) (int32, error) {
	c, err := kubernetes.NewForConfig(p.stage.Host.AdminConfig)
	if err != nil {
		return 0, fmt.Errorf("counting restarts: %w", err)
	}
	pods, err := c.CoreV1().Pods(stage.TenantNamespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return 0, fmt.Errorf("counting restarts: %w", err)
	}
	var n int32
	for _, pod := range pods.Items {
		for _, s := range pod.Status.ContainerStatuses {
			n += s.RestartCount
		}
	}
	return n, nil
}

// operatorCost reads the operator's own metrics: CPU over its whole life, storms
// included, and memory now.
func (p *run) operatorCost(ctx context.Context) error {
	pod, err := p.operatorPod(ctx)
	if err != nil {
		return err
	}
	page, err := get(ctx, http.DefaultClient, fmt.Sprintf("http://%s:%d/metrics", pod.Status.PodIP, metricsPort), "text/plain")
	if err != nil {
		return fmt.Errorf("reading the operator's metrics: %w", err)
	}
	cpu, rss, began := sample(page, "process_cpu_seconds_total"), sample(page, "process_resident_memory_bytes"), sample(page, "process_start_time_seconds")
	life := time.Since(time.Unix(int64(began), 0)).Seconds()
	if cpu == 0 || began == 0 || life <= 0 {
		return fmt.Errorf("reading the operator's metrics: no process metrics in %d bytes", len(page))
	}
	p.report.Add(report.OperatorCPU, "cores", cpu/life)
	p.report.Add(report.OperatorRSS, "MiB", rss/(1<<20))
	if effective := p.ballastEffective(page); effective > 0 {
		p.report.Add(report.BallastEffective, "ms", effective)
	} else {
		p.report.Miss(report.BallastEffective, "the operator has no figure for the ballast's read-back")
	}
	return nil
}

// ballastEffective is the time from the acknowledged write of the ballast until
// every replica had been read back to obey, in milliseconds; 0 when unknown.
func (p *run) ballastEffective(page string) float64 {
	sum := sample(page, `evenkeel_step_in_force_seconds_sum{step="SetBallast"}`)
	count := sample(page, `evenkeel_step_in_force_seconds_count{step="SetBallast"}`)
	if count == 0 {
		return 0
	}
	return 1000 * sum / count
}

func (p *run) operatorPod(ctx context.Context) (*corev1.Pod, error) {
	c, err := kubernetes.NewForConfig(p.stage.Host.AdminConfig)
	if err != nil {
		return nil, fmt.Errorf("finding the operator's pod: %w", err)
	}
	pods, err := c.CoreV1().Pods(stage.SystemNamespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("finding the operator's pod: %w", err)
	}
	for i := range pods.Items {
		if pods.Items[i].Status.Phase == corev1.PodRunning {
			return &pods.Items[i], nil
		}
	}
	return nil, fmt.Errorf("finding the operator's pod: none of %d runs", len(pods.Items))
}

// lookCost is what the operator's calm looks cost one apiserver, in cores: pages,
// pulses and configuration lists are made many times over, the apiserver's CPU
// time is read before and after, and what it uses anyway is taken off.
func (p *run) lookCost(ctx context.Context, config *rest.Config) (float64, error) {
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return 0, fmt.Errorf("reaching an apiserver: %w", err)
	}
	idle, err := p.cpu(ctx, client, config.Host, background, nil)
	if err != nil {
		return 0, err
	}
	each := func(path, accept string) (float64, error) {
		var elapsed time.Duration
		used, err := p.cpu(ctx, client, config.Host, 0, func() error {
			began := time.Now()
			defer func() { elapsed = time.Since(began) }()
			for range costRounds {
				if _, err := get(ctx, client, config.Host+path, accept); err != nil {
					return err
				}
			}
			return nil
		})
		return max(0, used-idle/background.Seconds()*elapsed.Seconds()) / costRounds, err
	}
	page, e1 := each("/metrics", protobufPage)
	beat, e2 := each("/livez/ping", "*/*")
	levels, e3 := each("/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations?limit=500", "application/json")
	schemas, e4 := each("/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas?limit=500", "application/json")
	for _, err := range []error{e1, e2, e3, e4} {
		if err != nil {
			return 0, err
		}
	}
	p.report.Add("observe.page_cpu_ms", "ms", 1000*page)
	p.report.Add("observe.pulse_cpu_ms", "ms", 1000*beat)
	// The configuration is read from one replica a tick, a page from each.
	return page/tick.Seconds() + beat/pulse.Seconds() + (levels+schemas)/tick.Seconds()/3, nil
}

// cpu is the CPU time that an apiserver used while work was done, or while time
// went by, in seconds. The pages that tell are not in it: each is read after the
// counter it shows was taken.
func (p *run) cpu(ctx context.Context, client *http.Client, base string, wait time.Duration, work func() error) (float64, error) {
	before, err := get(ctx, client, base+"/metrics", "text/plain")
	if err != nil {
		return 0, err
	}
	if err := await.Pass(ctx, wait); err != nil {
		return 0, err
	}
	if work != nil {
		if err := work(); err != nil {
			return 0, err
		}
	}
	after, err := get(ctx, client, base+"/metrics", "text/plain")
	if err != nil {
		return 0, err
	}
	return sample(after, "process_cpu_seconds_total") - sample(before, "process_cpu_seconds_total"), nil
}

func get(ctx context.Context, client *http.Client, url, accept string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return "", fmt.Errorf("asking for %s: %w", url, err)
	}
	request.Header.Set("Accept", accept)
	answer, err := client.Do(request)
	if err != nil {
		return "", fmt.Errorf("asking for %s: %w", url, err)
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxPage))
	if e := answer.Body.Close(); err == nil {
		err = e
	}
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", url, err)
	}
	if answer.StatusCode != http.StatusOK {
		return "", fmt.Errorf("asking for %s: answered %s", url, answer.Status)
	}
	return string(body), nil
}

// sample is the value of one series of a text page; 0 when it is not there.
func sample(page, series string) float64 {
	lines := bufio.NewScanner(strings.NewReader(page))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		rest, ok := strings.CutPrefix(lines.Text(), series+" ")
		if !ok {
			continue
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(rest), 64)
		if err == nil {
			return v
		}
	}
	return 0
}
