// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"sync"
	"time"

	"evenkeel.dev/evenkeel/operator/observe/dump"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// acceptPage asks for the page as delimited protobuf, and door.get for no
// compression. On two cores over loopback (BenchmarkPageOverTLS) a plain page of
// 349 KB takes 17.9 ms and 17.3 ms of the server's CPU, almost all of it to gather
// the metrics; compressed it is 55 KB, 21.6 ms and 20.2 ms. The server's CPU is
// what a storm leaves least of, and networks within a host cluster carry more.
const acceptPage = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"

// errForm is an answer of another form than was asked for.
var errForm = errors.New("the answer is not as asked for")

// readPage reads a page and makes it the last one seen.
func (r *replica) readPage(ctx context.Context, now time.Time) *plane.Fault {
	err := r.door.get(ctx, pagePath, acceptPage, r.options.PageTimeout, func(response *http.Response) error {
		if err := pageForm(response.Header); err != nil {
			return err
		}
		if err := r.decoder.Decode(response.Body, &r.page); err != nil {
			return err
		}
		return missing(&r.page)
	})
	var fault *plane.Fault
	if err != nil {
		fault = r.door.faultOf(pagePath, pagePath, r.options.PageTimeout, err)
	}
	if fault == nil {
		r.saw(now)
	}
	return fault
}

// pageForm checks that the body is what was asked for.
func pageForm(h http.Header) error {
	form, parameters, err := mime.ParseMediaType(h.Get("Content-Type"))
	switch {
	case err == nil && form == "text/plain":
		return fmt.Errorf("%w: text instead of protobuf metrics: a proxy, or no kube-apiserver?", errForm)
	case err != nil || form != "application/vnd.google.protobuf" ||
		parameters["proto"] != "io.prometheus.client.MetricFamily" || parameters["encoding"] != "delimited":
		return fmt.Errorf("%w: Content-Type %.100q instead of delimited protobuf metrics", errForm, h.Get("Content-Type"))
	}
	return plain(h)
}

func plain(h http.Header) error {
	if encoding := h.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return fmt.Errorf("%w: Content-Encoding %.40q, which was not accepted", errForm, encoding)
	}
	return nil
}

// saw compares the page with the one before it.
func (r *replica) saw(now time.Time) {
	r.spare.take(&r.page)
	r.tally, r.spare = r.spare, r.tally
	s := since{before: &r.spare, after: &r.tally}

	r.mu.Lock()
	defer r.mu.Unlock()
	window := now.Sub(r.seen.Observed)
	counted := !r.seen.Observed.IsZero() && window > 0 && window <= r.options.MaxWindow && s.same()
	if !counted {
		window = 0
	}
	levels, flows := s.loads(counted)
	r.seen = plane.Replica{Observed: now, Window: window, Levels: levels, Flows: flows}
	if s := r.page.Series(buildInfo); len(s) > 0 {
		r.seen.Version = s[0].Labels[0]
	}
	r.seen.Stored = stored(&r.page)
	r.seen.Process.Resident, _ = r.page.First(residentBytes)
	if counted {
		r.seen.Served, r.seen.Delays, r.seen.Heartbeats = s.served(), s.delays(), s.heartbeats()
		r.seen.Answers = s.answers()
		r.seen.Process.CPU = s.minus(s.after.cpu, s.before.cpu) / window.Seconds()
		r.seen.Process.EtcdRequests = s.minus(s.after.etcd, s.before.etcd) / window.Seconds()
	}
	r.vitals.take(&r.page)
	r.vitals.Fell += int64(s.fell)
}

// dumped is what came of reading a dump, asked for at a time.
type dumped struct {
	at    time.Time
	held  []plane.Held
	fault *plane.Fault
}

// bodies are lent to dumps while they are read: a dump is taken off the server's
// hands as fast as it comes, as the server holds a lock that every request needs
// until it has written all of it.
var bodies = sync.Pool{New: func() any { return &bytes.Buffer{} }}

// keptBody is the largest buffer that goes back to bodies.
const keptBody = 1 << 20

func (r *replica) readDump(ctx context.Context, now time.Time) dumped {
	body, _ := bodies.Get().(*bytes.Buffer)
	body.Reset()
	defer func() {
		if body.Cap() <= keptBody {
			bodies.Put(body)
		}
	}()
	var date time.Time
	err := r.door.get(ctx, dump.Path, "text/plain, */*", r.options.DumpTimeout, func(response *http.Response) error {
		if err := plain(response.Header); err != nil {
			return err
		}
		date, _ = http.ParseTime(response.Header.Get("Date"))
		if n, err := body.ReadFrom(io.LimitReader(response.Body, r.options.MaxDump+1)); err != nil {
			return err
		} else if n > r.options.MaxDump {
			return fmt.Errorf("%w of %d bytes", errOversize, r.options.MaxDump)
		}
		return nil
	})
	var result dump.Result
	if err == nil {
		result, err = dump.Parse(body.Bytes(), date, r.options.dump())
	}
	if err != nil {
		return dumped{fault: r.door.faultOf(dump.Path, dumpRule, r.options.DumpTimeout, err)}
	}
	return dumped{at: now, held: result.Held}
}
