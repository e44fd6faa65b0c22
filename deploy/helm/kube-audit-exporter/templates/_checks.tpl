{{/*
Errors that name the wrong value: those that concern several values, and those for which the schema could only show a
regular expression.
*/}}

{{/* A list of the value's name, the value, a regular expression, and the wanted form in words. */}}
{{- define "kube-audit-exporter.form" -}}
{{- $name := index . 0 -}}
{{- $value := index . 1 | toString -}}
{{- if not (regexMatch (index . 2) $value) -}}
{{- fail (printf "%s: %q must be %s" $name $value (index . 3)) -}}
{{- end -}}
{{- end -}}

{{/* A list of the value's name and a directory of the node. */}}
{{- define "kube-audit-exporter.directory" -}}
{{- $name := index . 0 -}}
{{- $value := index . 1 -}}
{{- include "kube-audit-exporter.form" (list $name $value "^/" "an absolute path, such as /var/log/kubernetes/audit") -}}
{{- include "kube-audit-exporter.form" (list $name $value "^[^:]*$" "a path without colons") -}}
{{- if has ".." (splitList "/" $value) -}}
{{- fail (printf "%s: %q must be a path without .." $name $value) -}}
{{- end -}}
{{- $clean := clean $value -}}
{{- range list "/bin" "/boot" "/dev" "/etc" "/lib" "/lib32" "/lib64" "/proc" "/sbin" "/sys" "/usr" -}}
{{- if or (eq $clean .) (hasPrefix (printf "%s/" .) $clean) -}}
{{- fail (printf "%s: %s is a directory of the system (%s), give another one" $name $clean .) -}}
{{- end -}}
{{- end -}}
{{- if has $clean (list "/" "/var" "/var/lib" "/run" "/var/run") -}}
{{- fail (printf "%s: %s has directories of the system and of the exporter in it, give another one" $name $clean) -}}
{{- end -}}
{{- end -}}

{{/* The seconds of a duration such as 1h30m. */}}
{{- define "kube-audit-exporter.seconds" -}}
{{- $units := dict "s" 1 "m" 60 "h" 3600 "d" 86400 "w" 604800 "y" 31536000 -}}
{{- $sum := 0 -}}
{{- range regexFindAll "[0-9]+[a-z]+" . -1 -}}
{{- $sum = add $sum (mul (regexFind "[0-9]+" . | int64) (get $units (regexFind "[a-z]+" .) | default 0)) -}}
{{- end -}}
{{- $sum -}}
{{- end -}}

{{/*
Flags of the exporter, and the value that sets one. A flag with * may be given again. A test compares the flags with
those of the exporter.
*/}}
{{- define "kube-audit-exporter.flags" -}}
--audit.log: "*"
--audit.from: auditLog.from
--audit.format: auditLog.format
--storage.path: state.directory
--web.listen-address: "*"
--web.systemd-socket: ""
--web.config.file: web.config
--web.enable-lifecycle: ""
--web.telemetry-path: ""
--web.external-url: exporter.externalURL
--web.openmetrics-created-series: ""
--webhook.listen-address: webhook.port
--webhook.config.file: webhook.tls
--webhook.max-body-size: webhook.maxBodySize
--geoip.database: geoip.volume
--source.trusted-proxy: "*"
--filter.file: exporter.filters
--source.limit: exporter.sourceLimit
--source.claimed-limit: exporter.claimedLimit
--source.network-limit: exporter.networkLimit
--source.retention: exporter.retention
--source.threshold: exporter.threshold
--log.level: exporter.logLevel
--log.format: exporter.logFormat
{{- end -}}

{{/*
Logs of containers. Their lines do not name the container, so the path must: any pod can write an event into its own log.
*/}}
{{- define "kube-audit-exporter.checkContainerLogs" -}}
{{- $platform := include "kube-audit-exporter.platform" . | fromYaml -}}
{{- range $platform.files -}}
{{- $path := printf "%s/%s" $platform.directory . -}}
{{- range list "/var/log/containers" "/var/lib/docker/containers" -}}
{{- if hasPrefix (printf "%s/" .) $path -}}
{{- fail (printf "auditLog: %s: the names in %s do not tell the API server's log from those of other containers, or are links that a pod cannot follow; set auditLog.directory to /var/log/pods" $path .) -}}
{{- end -}}
{{- end -}}
{{- if hasPrefix "/var/log/pods/" $path -}}
{{- if not (regexMatch "^[a-z0-9-]+_[a-z0-9][^/]*/[a-z0-9][^/]*/[^/]+$" (trimPrefix "/var/log/pods/" $path)) -}}
{{- fail (printf "auditLog.files: %q must be NAMESPACE_POD*/CONTAINER/FILE, such as kube-system_kube-apiserver-*/kube-apiserver/*.log: any pod can write a perfect event into its own log" .) -}}
{{- end -}}
{{- if not (has $.Values.auditLog.format (list "cri" "docker")) -}}
{{- fail (printf "auditLog.format: %s is no format of the logs in /var/log/pods: set cri (containerd, CRI-O) or docker" $.Values.auditLog.format) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "kube-audit-exporter.checkExtraArgs" -}}
{{- $flags := include "kube-audit-exporter.flags" . | fromYaml -}}
{{- $switches := list "--web.systemd-socket" "--web.enable-lifecycle" "--web.openmetrics-created-series" -}}
{{- $isFree := dict
      "--web.config.file" (not (include "kube-audit-exporter.webSecret" .))
      "--geoip.database" (not .Values.geoip.volume)
      "--filter.file" (not .Values.exporter.filters)
      "--web.external-url" (not (or .Values.exporter.externalURL .Values.webhook.externalURL)) -}}
{{- range .Values.exporter.extraArgs -}}
{{- if not (regexMatch "^--[a-z][a-z.-]*(=|$)" .) -}}
{{- fail (printf "exporter.extraArgs: %q is not a flag; write --flag=value" .) -}}
{{- end -}}
{{- $flag := splitList "=" . | first -}}
{{- if not (hasKey $flags $flag) -}}
{{- fail (printf "exporter.extraArgs: the exporter has no flag %s" $flag) -}}
{{- end -}}
{{- if and (has $flag $switches) (ne $flag .) -}}
{{- fail (printf "exporter.extraArgs: %s takes no value" $flag) -}}
{{- end -}}
{{- if and (eq $flag .) (not (has $flag $switches)) -}}
{{- fail (printf "exporter.extraArgs: %s needs a value; write %s=value" $flag $flag) -}}
{{- end -}}
{{- $value := get $flags $flag -}}
{{- if and $value (ne $value "*") (not (get $isFree $flag)) -}}
{{- fail (printf "exporter.extraArgs: the chart sets %s; set %s instead" $flag $value) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "kube-audit-exporter.checkFilters" -}}
{{- $names := list -}}
{{- range $index, $filter := .Values.exporter.filters -}}
{{- $place := printf "exporter.filters[%d] (%s)" $index .name -}}
{{- if not .name }}{{ fail (printf "exporter.filters[%d].name is empty" $index) }}{{ end -}}
{{- if has .name $names }}{{ fail (printf "%s: there are two filters of this name" $place) }}{{ end -}}
{{- $names = append $names .name -}}
{{- if not (or (hasKey . "networks") (hasKey . "user_agents") (hasKey . "request_uris")) -}}
{{- fail (printf "%s would match requests of any client: give networks, user_agents or request_uris" $place) -}}
{{- end -}}
{{- range $key := list "networks" "user_agents" "request_uris" "verbs" "outcomes" -}}
{{- if and (hasKey $filter $key) (not (get $filter $key)) -}}
{{- fail (printf "%s.%s is empty and matches nothing: leave it out to match all" $place $key) -}}
{{- end -}}
{{- end -}}
{{- range .networks -}}
{{- include "kube-audit-exporter.network" (list (printf "%s.networks" $place) .) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "kube-audit-exporter.checkLabels" -}}
{{- $own := list "app.kubernetes.io/name" "app.kubernetes.io/instance" "app.kubernetes.io/component" "app.kubernetes.io/version" "app.kubernetes.io/managed-by" "helm.sh/chart" -}}
{{- $maps := dict
      "commonLabels" .Values.commonLabels
      "daemonSet.podLabels" .Values.daemonSet.podLabels
      "webhook.podLabels" .Values.webhook.podLabels
      "monitoring.labels" .Values.monitoring.labels
      "monitoring.dashboards.labels" .Values.monitoring.dashboards.labels
      "monitoring.alertmanagerConfig.labels" .Values.monitoring.alertmanagerConfig.labels -}}
{{- range $name, $labels := $maps -}}
{{- range $key, $value := $labels -}}
{{- if has $key $own -}}
{{- fail (printf "%s: the chart sets the label %s itself" $name $key) -}}
{{- end -}}
{{- include "kube-audit-exporter.form" (list (printf "%s.%s" $name $key) $value "^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$" "the value of a label: at most 63 letters, digits, dashes, dots and underscores") -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Names that the pods have already. */}}
{{- define "kube-audit-exporter.checkExtras" -}}
{{- range .Values.extraEnv -}}
{{- if eq .name "NODE_NAME" }}{{ fail "extraEnv: the chart sets NODE_NAME itself" }}{{ end -}}
{{- end -}}
{{- range .Values.extraVolumes -}}
{{- if has .name (list "audit-log" "state" "web" "web-tls" "filter" "geoip" "webhook" "webhook-tls") -}}
{{- fail (printf "extraVolumes: the chart has a volume %s itself, choose another name" .name) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "kube-audit-exporter.checkWeb" -}}
{{- $web := include "kube-audit-exporter.web" . | fromYaml -}}
{{- range $name, $hash := .Values.web.users -}}
{{- if not (regexMatch "^[$]2[aby][$](0[4-9]|1[0-8])[$][./A-Za-z0-9]{53}$" $hash) -}}
{{- fail (printf "web.users.%s must be a bcrypt hash with a cost from 4 to 18, as `htpasswd -nBC 10 %s` prints it after the colon" $name $name) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.web.existingSecret (or .Values.web.tls.secretName .Values.web.users .Values.web.config) -}}
{{- fail "web.existingSecret replaces web.tls, web.users and web.config: set either it or them" -}}
{{- end -}}
{{- if and .Values.web.users (hasKey .Values.web.config "basic_auth_users") -}}
{{- fail "web.users and web.config.basic_auth_users are both set: use web.users" -}}
{{- end -}}
{{- if and .Values.web.tls.requireClientCertificate (not .Values.web.tls.secretName) -}}
{{- fail "web.tls.requireClientCertificate needs web.tls.secretName, a Secret with tls.crt, tls.key and ca.crt" -}}
{{- end -}}
{{- $tls := dig "tls_server_config" (dict) .Values.web.config -}}
{{- if .Values.web.tls.secretName -}}
{{- range list "cert_file" "cert" "key_file" "key" -}}
{{- if hasKey $tls . -}}
{{- fail (printf "web.tls.secretName and web.config.tls_server_config.%s are both set: use one of them" .) -}}
{{- end -}}
{{- end -}}
{{- else if and (hasKey .Values.web.config "tls_server_config") (not (and (or $tls.cert_file $tls.cert) (or $tls.key_file $tls.key))) -}}
{{- fail "web.config.tls_server_config has no certificate: set web.tls.secretName, or cert_file and key_file" -}}
{{- end -}}
{{- if .Values.web.tls.requireClientCertificate -}}
{{- range list "client_ca_file" "client_ca" "client_auth_type" -}}
{{- if hasKey $tls . -}}
{{- fail (printf "web.tls.requireClientCertificate and web.config.tls_server_config.%s are both set: use one of them" .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and .Values.web.scheme (not .Values.web.existingSecret) (ne .Values.web.scheme (ternary "https" "http" (gt (len (dig "tls_server_config" (dict) (include "kube-audit-exporter.webConfig" . | fromYaml))) 0))) -}}
{{- fail (printf "web.scheme is %s, which is not what web.tls and web.config serve; it is only for web.existingSecret" .Values.web.scheme) -}}
{{- end -}}
{{- if eq .Values.probes.type "http" -}}
{{- if and $web.password (not .Values.probes.authorization) -}}
{{- fail "probes.type is http and the web configuration asks for a password (web.users or web.config): set probes.authorization, or use probes.type tcp" -}}
{{- end -}}
{{- if $web.certificate -}}
{{- fail "probes.type is http and the web configuration asks for a client certificate (web.tls or web.config), which the kubelet does not have: use probes.type tcp" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "kube-audit-exporter.checkWebhook" -}}
{{- with .Values.webhook -}}
{{- if and (not .tls.secretName) (not .insecure) -}}
{{- fail "webhook.tls.secretName is required: a Secret with tls.crt, tls.key and ca.crt. Anyone who can send to the webhook can add counts for any address; to allow that in a test, set webhook.insecure" -}}
{{- end -}}
{{- if and (not .tls.secretName) .tls.clientAllowedSANs -}}
{{- fail "webhook.tls.clientAllowedSANs needs webhook.tls.secretName" -}}
{{- end -}}
{{- include "kube-audit-exporter.form" (list "webhook.maxBodySize" .maxBodySize "^[1-9][0-9]{0,9}(KiB|MiB)?$" "bytes, or a number with KiB or MiB, from 1KiB to 1024MiB, such as 32MiB") -}}
{{- $bytes := include "kube-audit-exporter.bytes" .maxBodySize | int64 -}}
{{- if or (lt $bytes 1024) (gt $bytes 1073741824) -}}
{{- fail (printf "webhook.maxBodySize: %q must be from 1KiB to 1024MiB" .maxBodySize) -}}
{{- end -}}
{{- if and .service.nodePort (eq .service.type "ClusterIP") -}}
{{- fail "webhook.service.nodePort needs webhook.service.type NodePort or LoadBalancer" -}}
{{- end -}}
{{- if .service.clusterIP -}}
{{- include "kube-audit-exporter.form" (list "webhook.service.clusterIP" .service.clusterIP "^[0-9a-fA-F:.]*[0-9a-fA-F:]$" "an address, such as 10.96.0.200") -}}
{{- include "kube-audit-exporter.network" (list "webhook.service.clusterIP" .service.clusterIP) -}}
{{- end -}}
{{- include "kube-audit-exporter.form" (list "webhook.persistence.size" .persistence.size "^[0-9]+([.][0-9]+)?([EPTGMk]|[EPTGMK]i)?$" "a quantity of Kubernetes, such as 1Gi") -}}
{{- end -}}
{{- if eq (int .Values.web.port) (int .Values.webhook.port) -}}
{{- fail (printf "web.port and webhook.port are both %d: give them different ports" (int .Values.web.port)) -}}
{{- end -}}
{{- end -}}

{{/* The bytes of a size such as 32MiB or 256Mi. */}}
{{- define "kube-audit-exporter.bytes" -}}
{{- $units := dict "" 1 "k" 1000 "M" 1000000 "G" 1000000000 "T" 1000000000000 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 "KiB" 1024 "MiB" 1048576 -}}
{{- $number := regexFind "^[0-9.]+" . -}}
{{- mulf (float64 $number) (get $units (trimPrefix $number .) | default 0) | int64 -}}
{{- end -}}

{{/* A warning if the memory limit is below the formula of docs/sizing.md. */}}
{{- define "kube-audit-exporter.memory" -}}
{{- $limit := dig "resources" "limits" "memory" "" (get .root.Values .of) -}}
{{- if not (kindIs "string" $limit) }}{{ $limit = int64 $limit | toString }}{{ end -}}
{{- with .root.Values.exporter -}}
{{- $sources := add .sourceLimit .claimedLimit | int64 -}}
{{- $needed := add 67108864 (mul 11264 $sources) (mul 4 $.bodies) | int64 -}}
{{- if and $limit (lt (include "kube-audit-exporter.bytes" $limit | int64) $needed) }}
WARNING: {{ $.of }}.resources.limits.memory is {{ $limit }}. With these limits of sources{{ if $.bodies }} and
webhook.maxBodySize{{ end }} the exporter may need {{ div (add $needed 1048575) 1048576 }}Mi (docs/sizing.md).
{{ end -}}
{{- end -}}
{{- end -}}

{{- define "kube-audit-exporter.checkNames" -}}
{{- $form := "lower case letters, digits and dashes, with a letter at its beginning" -}}
{{- if .Values.nameOverride -}}
{{- include "kube-audit-exporter.form" (list "nameOverride" .Values.nameOverride "^[a-z]([-a-z0-9]*[a-z0-9])?$" $form) -}}
{{- end -}}
{{- if .Values.fullnameOverride -}}
{{- include "kube-audit-exporter.form" (list "fullnameOverride" .Values.fullnameOverride "^[a-z]([-a-z0-9]*[a-z0-9])?$" $form) -}}
{{- end -}}
{{- $name := include "kube-audit-exporter.fullname" . -}}
{{- if and (or .Values.webhook.enabled .Values.monitoring.serviceMonitor) (not (regexMatch "^[a-z]" $name)) -}}
{{- fail (printf "the name of a Service must begin with a letter, and that of this release makes %s: set fullnameOverride" $name) -}}
{{- end -}}
{{- end -}}

{{- define "kube-audit-exporter.check" -}}
{{- $platform := include "kube-audit-exporter.platform" . | fromYaml -}}
{{- if not (or .Values.daemonSet.enabled .Values.webhook.enabled) -}}
{{- fail "daemonSet.enabled and webhook.enabled are both false: there is nothing to install" -}}
{{- end -}}
{{- include "kube-audit-exporter.checkNames" . -}}
{{- include "kube-audit-exporter.checkLabels" . -}}
{{- include "kube-audit-exporter.checkExtras" . -}}
{{- include "kube-audit-exporter.form" (list "image.repository" .Values.image.repository "^([a-z0-9.-]+(:[0-9]+)?/)?[a-z0-9._/-]*$" "a name without a tag and in lower case, with a port at most after the registry, such as registry.example.com:5000/kube-audit-exporter") -}}
{{- include "kube-audit-exporter.form" (list "image.digest" .Values.image.digest "^(sha256:[0-9a-f]{64})?$" "sha256: and 64 hexadecimal digits in lower case") -}}
{{- $url := "a URL with http:// or https://, such as https://audit.example.com" -}}
{{- include "kube-audit-exporter.form" (list "exporter.externalURL" .Values.exporter.externalURL "^(https?://[^[:space:]]+)?$" $url) -}}
{{- include "kube-audit-exporter.form" (list "webhook.externalURL" .Values.webhook.externalURL "^(https?://[^[:space:]]+)?$" $url) -}}
{{- include "kube-audit-exporter.form" (list "monitoring.prometheusRule.runbookURL" .Values.monitoring.prometheusRule.runbookURL "^(https?://[^[:space:]]+/)?$" "a URL with a slash at its end, such as https://git.example.com/kube-audit-exporter/blob/main/") -}}
{{- range list "interval" "scrapeTimeout" -}}
{{- include "kube-audit-exporter.form" (list (printf "monitoring.%s" .) (get $.Values.monitoring .) "^([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$" "a duration, such as 30s") -}}
{{- end -}}
{{- include "kube-audit-exporter.directory" (list "auditLog.directory" ($platform.directory | default "")) -}}
{{- if .Values.auditLog.directory }}{{ include "kube-audit-exporter.directory" (list "auditLog.directory" .Values.auditLog.directory) }}{{ end -}}
{{- include "kube-audit-exporter.directory" (list "state.directory" .Values.state.directory) -}}
{{- range $platform.files -}}
{{- $parts := splitList "/" . -}}
{{- if or (eq . "-") (has "" $parts) (has "." $parts) (has ".." $parts) -}}
{{- fail (printf "auditLog.files: %q must be the path of a log below auditLog.directory, or a glob" .) -}}
{{- end -}}
{{- end -}}
{{- include "kube-audit-exporter.checkContainerLogs" . -}}
{{- $directory := $platform.directory -}}
{{- if or (eq $directory "/var/lib/kube-audit-exporter") (hasPrefix "/var/lib/kube-audit-exporter/" $directory) -}}
{{- fail (printf "auditLog.directory is %s, where the pod has the exporter's state: set it to the directory that the API server logs to" $directory) -}}
{{- end -}}
{{- if eq $directory (clean .Values.state.directory) -}}
{{- fail (printf "auditLog.directory and state.directory are both %s: give the state a directory of its own" $directory) -}}
{{- end -}}
{{- $update := .Values.daemonSet.updateStrategy -}}
{{- if not (has (dig "rollingUpdate" "maxSurge" 0 $update | toString) (list "0" "0%")) -}}
{{- fail "daemonSet.updateStrategy.rollingUpdate.maxSurge must be 0: two exporters cannot use the state of one node" -}}
{{- end -}}
{{- if has (dig "rollingUpdate" "maxUnavailable" 1 $update | toString) (list "0" "0%") -}}
{{- fail "daemonSet.updateStrategy.rollingUpdate.maxUnavailable must be at least 1: with 0 no pod could be replaced" -}}
{{- end -}}
{{- $duration := "^([0-9]+y)?([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$" -}}
{{- if not (has .Values.auditLog.from (list "beginning" "end")) -}}
{{- include "kube-audit-exporter.form" (list "auditLog.from" (.Values.auditLog.from | default "?") $duration "a duration such as 1h or 1h30m, beginning or end") -}}
{{- end -}}
{{- include "kube-audit-exporter.form" (list "exporter.window" .Values.exporter.window "^[1-9][0-9]{0,3}[mh]$" "a whole number with m or h, from 5m to 24h") -}}
{{- include "kube-audit-exporter.form" (list "exporter.retention" (.Values.exporter.retention | default "?") $duration "a duration of at least 1h, such as 24h or 1h30m") -}}
{{- $window := include "kube-audit-exporter.seconds" .Values.exporter.window | int -}}
{{- if or (lt $window 300) (gt $window 86400) -}}
{{- fail (printf "exporter.window must be from 5m to 24h, not %s" .Values.exporter.window) -}}
{{- end -}}
{{- $retention := include "kube-audit-exporter.seconds" .Values.exporter.retention | int -}}
{{- if lt $retention 3600 -}}
{{- fail (printf "exporter.retention must be at least 1h, not %s" .Values.exporter.retention) -}}
{{- end -}}
{{- if gt $window $retention -}}
{{- fail (printf "exporter.window (%s) must not exceed exporter.retention (%s)" .Values.exporter.window .Values.exporter.retention) -}}
{{- end -}}
{{- if and (eq $platform.access "group") (kindIs "invalid" .Values.auditLog.group) -}}
{{- fail "auditLog.access is group: set auditLog.group to the number of the log's group" -}}
{{- end -}}
{{- if and (not (kindIs "invalid" .Values.auditLog.group)) (ne $platform.access "group") -}}
{{- fail (printf "auditLog.group has no effect with auditLog.access %s: set auditLog.access to group" $platform.access) -}}
{{- end -}}
{{- range $index, $network := .Values.exporter.trustedProxies -}}
{{- include "kube-audit-exporter.network" (list (printf "exporter.trustedProxies[%d]" $index) $network) -}}
{{- end -}}
{{- include "kube-audit-exporter.checkFilters" . -}}
{{- include "kube-audit-exporter.checkExtraArgs" . -}}
{{- include "kube-audit-exporter.checkWeb" . -}}
{{- if .Values.webhook.enabled }}{{ include "kube-audit-exporter.checkWebhook" . }}{{ end -}}
{{- if and .Values.monitoring.podMonitor .Values.monitoring.serviceMonitor -}}
{{- fail "monitoring.podMonitor and monitoring.serviceMonitor would scrape each exporter twice: use one of them" -}}
{{- end -}}
{{- $alerts := list -}}
{{- range regexFindAll "alert: [A-Za-z]+" (.Files.Get "files/rules.yaml.in") -1 }}{{ $alerts = append $alerts (trimPrefix "alert: " .) }}{{ end -}}
{{- range .Values.monitoring.prometheusRule.disabledAlerts -}}
{{- if not (has . $alerts) -}}
{{- fail (printf "monitoring.prometheusRule.disabledAlerts: there is no alert %q; there are %s" . (join ", " (uniq $alerts))) -}}
{{- end -}}
{{- end -}}
{{- end -}}
