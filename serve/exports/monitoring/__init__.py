"""Files for Prometheus and Grafana beside an endpoint: what is scraped, alerts, dashboards. No secrets."""
