// A program with Prometheus' client library for Go that exposes the series of another exporter.
//
//	main ADDRESS FILE
//
// FILE holds a response of the other exporter in the text format. Its counters and gauges become CounterVec and
// GaugeVec. GET /change adds one to the first counter that has labels.
package main

import (
	"log"
	"net/http"
	"os"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
)

// labels returns the names and values of a sample's labels.
func labels(metric *dto.Metric) (names, values []string) {
	for _, pair := range metric.GetLabel() {
		names = append(names, pair.GetName())
		values = append(values, pair.GetValue())
	}
	return names, values
}

// register adds a family's samples to the registry, and returns its first counter.
func register(registry *prometheus.Registry, family *dto.MetricFamily) prometheus.Counter {
	var first prometheus.Counter
	names, _ := labels(family.GetMetric()[0])
	switch family.GetType() {
	case dto.MetricType_COUNTER:
		vector := prometheus.NewCounterVec(prometheus.CounterOpts{Name: family.GetName(), Help: family.GetHelp()}, names)
		registry.MustRegister(vector)
		for _, metric := range family.GetMetric() {
			_, values := labels(metric)
			counter := vector.WithLabelValues(values...)
			counter.Add(metric.GetCounter().GetValue())
			if first == nil && len(values) == 4 {
				first = counter
			}
		}
	case dto.MetricType_GAUGE:
		vector := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: family.GetName(), Help: family.GetHelp()}, names)
		registry.MustRegister(vector)
		for _, metric := range family.GetMetric() {
			_, values := labels(metric)
			vector.WithLabelValues(values...).Set(metric.GetGauge().GetValue())
		}
	default:
		log.Fatalf("%s has a type that this program does not know", family.GetName())
	}
	return first
}

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: main ADDRESS FILE")
	}
	file, err := os.Open(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	var parser expfmt.TextParser
	families, err := parser.TextToMetricFamilies(file)
	if err != nil {
		log.Fatal(err)
	}
	registry := prometheus.NewRegistry()
	var first prometheus.Counter
	for _, family := range families {
		if counter := register(registry, family); first == nil {
			first = counter
		}
	}
	families = nil
	http.HandleFunc("/change", func(response http.ResponseWriter, request *http.Request) { first.Inc() })
	options := promhttp.HandlerOpts{EnableOpenMetrics: true}
	http.Handle("/metrics", promhttp.HandlerFor(registry, options))
	log.Fatal(http.ListenAndServe(os.Args[1], nil))
}
