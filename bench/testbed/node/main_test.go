// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"evenkeel.dev/evenkeel/bench/testbed/process"
)

// TestMain is also what the pods of these tests run: the test binary, told by a
// variable to be a small server.
func TestMain(m *testing.M) {
	process.MaybeShim()
	if address := os.Getenv("POD_SERVER"); address != "" {
		if err := serve(address); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// serve answers until SIGTERM: its process id, who it is to the API server, and
// the content of a file; it burns a core from /burn to /rest, and /cache writes 64 MiB
// to a file, which stay in the page cache.
func serve(address string) error {
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/pid", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, os.Getpid()) })
	mux.HandleFunc("/whoami", func(w http.ResponseWriter, r *http.Request) {
		name, err := whoami(r.Context())
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
		_, _ = fmt.Fprint(w, name)
	})
	mux.HandleFunc("/file", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, os.Getenv("FILE")) })
	mux.HandleFunc("/cache", func(w http.ResponseWriter, _ *http.Request) {
		if err := cache(); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	var burning atomic.Bool
	mux.HandleFunc("/burn", func(http.ResponseWriter, *http.Request) {
		burning.Store(true)
		go burn(&burning)
	})
	mux.HandleFunc("/rest", func(http.ResponseWriter, *http.Request) { burning.Store(false) })
	server := &http.Server{Addr: address, Handler: mux, ReadHeaderTimeout: time.Second}
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM)
	go func() {
		<-ended
		fmt.Println("asked to end")
		_ = server.Close()
	}()
	if dir := os.Getenv("DATA"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, "pid"), []byte(strconv.Itoa(os.Getpid())), 0o600); err != nil {
			return err
		}
	}
	fmt.Println("serving at", address)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func cache() error {
	f, err := os.CreateTemp("", "cache-")
	if err != nil {
		return err
	}
	chunk := make([]byte, 1<<20)
	for range 64 {
		if _, err = f.Write(chunk); err != nil {
			break
		}
	}
	return errors.Join(err, f.Sync(), f.Close())
}

// burn uses a core until it is told not to, for five minutes at most.
func burn(burning *atomic.Bool) {
	for end := time.Now().Add(5 * time.Minute); burning.Load() && time.Now().Before(end); {
	}
}

func whoami(ctx context.Context) (string, error) {
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		return "", err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return "", err
	}
	review, err := client.AuthenticationV1().SelfSubjectReviews().Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	if err != nil {
		return "", err
	}
	return review.Status.UserInfo.Username, nil
}
