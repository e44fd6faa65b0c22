{{/*
Relabelings of a target. The instance stays the same when a pod is replaced: the node's name for a DaemonSet, a fixed name
for the webhook. Labels that change with the pod are dropped, so that its series continue. Two releases on the same nodes
then differ in nothing but the job, so a release of another name has its name in it. The rules know a job by the end of
its name.
*/}}
{{- define "kube-audit-exporter.relabelings" -}}
{{- if eq .component "log" -}}
- sourceLabels: [__meta_kubernetes_pod_node_name]
  targetLabel: instance
{{- else -}}
- targetLabel: instance
  replacement: {{ include "kube-audit-exporter.fullname" .root }}-webhook
{{- end }}
{{- if ne .root.Release.Name (include "kube-audit-exporter.name" .root) }}
- targetLabel: job
  replacement: {{ .root.Release.Name }}/{{ include "kube-audit-exporter.name" .root }}
{{- end }}
- action: labeldrop
  regex: (pod|container|endpoint|service)
{{- with .root.Values.monitoring.cluster }}
- targetLabel: cluster
  replacement: {{ . | quote }}
{{- end }}
{{- end -}}

{{/* monitoring.endpoint may replace any field of it. */}}
{{- define "kube-audit-exporter.endpoint" -}}
{{- mergeOverwrite (include "kube-audit-exporter.plainEndpoint" . | fromYaml) .root.Values.monitoring.endpoint | toYaml -}}
{{- end -}}

{{- define "kube-audit-exporter.plainEndpoint" -}}
port: web
path: /metrics
scheme: {{ include "kube-audit-exporter.webScheme" .root }}
{{- with .root.Values.monitoring.interval }}
interval: {{ . }}
{{- end }}
{{- with .root.Values.monitoring.scrapeTimeout }}
scrapeTimeout: {{ . }}
{{- end }}
relabelings:
  {{- include "kube-audit-exporter.relabelings" . | nindent 2 }}
{{- end -}}

{{- define "kube-audit-exporter.monitorLabels" -}}
{{- include "kube-audit-exporter.labelsWith" (dict "root" . "labels" .Values.monitoring.labels) -}}
{{- end -}}

{{/* The components that are installed, separated by spaces. */}}
{{- define "kube-audit-exporter.components" -}}
{{- if .Values.daemonSet.enabled }}log {{ end }}{{ if .Values.webhook.enabled }}webhook{{ end }}
{{- end -}}
