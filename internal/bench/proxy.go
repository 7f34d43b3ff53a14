package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"
)

// proxyRequests is the role of the baseline: a bare reverse proxy that passes
// on each piece at once.
func proxyRequests(_ context.Context, in json.RawMessage) (any, map[string]operation, error) {
	var target address
	if err := json.Unmarshal(in, &target); err != nil {
		return nil, nil, err
	}
	to, err := url.Parse(target.URL)
	if err != nil {
		return nil, nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	transport := &http.Transport{MaxIdleConnsPerHost: idleConns, DisableCompression: true}
	server := &http.Server{Handler: reverseProxy(to, transport), ReadHeaderTimeout: time.Minute}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	end := func(context.Context, json.RawMessage) (any, error) {
		_ = server.Close()
		transport.CloseIdleConnections()
		<-served
		return nil, nil
	}
	return address{URL: "http://" + l.Addr().String()}, map[string]operation{"end": end}, nil
}

// idleConns lets the streams of one round use the connections of the last.
const idleConns = 1024

// reverseProxy is the one of the standard library. It gets the body whole: as
// it comes, it would race with a fast answer, which some 5 % lose because
// net/http closes a body that is not read to its end before the answer begins.
func reverseProxy(to *url.URL, transport http.RoundTripper) http.Handler {
	proxy := &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(to) },
		FlushInterval: -1,
		Transport:     transport,
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		proxy.ServeHTTP(w, r)
	})
}
