{{/* A list of the value's name and a network or an address, as the exporter reads them. */}}
{{- define "kube-audit-exporter.network" -}}
{{- $name := index . 0 -}}
{{- $value := index . 1 -}}
{{- $message := printf "%s: %q must be a network such as 10.0.0.0/8 or 2001:db8::/32, or an address" $name $value -}}
{{- $parts := splitList "/" $value -}}
{{- $address := first $parts -}}
{{- $groups := list -}}
{{- $bits := 16 -}}
{{- /* The last 32 bits of an IPv6 address may be written like an IPv4 address. */ -}}
{{- $decimal := regexFind "[0-9.]+$" $address -}}
{{- $last := list -}}
{{- if contains "." $decimal -}}
{{- if not (regexMatch "^((0|[1-9][0-9]?|1[0-9][0-9]|2[0-4][0-9]|25[0-5])([.]|$)){4}$" $decimal) }}{{ fail $message }}{{ end -}}
{{- range splitList "." $decimal }}{{ $last = append $last (int .) }}{{ end -}}
{{- end -}}
{{- if and $last (eq $address $decimal) -}}
{{- $bits = 8 -}}
{{- $groups = $last -}}
{{- else -}}
{{- $text := $address -}}
{{- if $last -}}
{{- $pairs := printf "%x:%x" (add (mul 256 (index $last 0)) (index $last 1)) (add (mul 256 (index $last 2)) (index $last 3)) -}}
{{- $text = printf "%s%s" (trimSuffix $decimal $address) $pairs -}}
{{- end -}}
{{- $halves := splitList "::" $text -}}
{{- if gt (len $halves) 2 }}{{ fail $message }}{{ end -}}
{{- $sides := list -}}
{{- range $halves -}}
{{- $side := list -}}
{{- if . -}}
{{- range splitList ":" . -}}
{{- if not (regexMatch "^[0-9a-fA-F]{1,4}$" .) }}{{ fail $message }}{{ end -}}
{{- $side = append $side (printf "0x%s" . | int64) -}}
{{- end -}}
{{- end -}}
{{- $sides = append $sides $side -}}
{{- end -}}
{{- $groups = first $sides -}}
{{- if eq (len $halves) 2 -}}
{{- $missing := sub (sub 8 (len (first $sides))) (len (last $sides)) | int -}}
{{- if lt $missing 1 }}{{ fail $message }}{{ end -}}
{{- range until $missing }}{{ $groups = append $groups 0 }}{{ end -}}
{{- range last $sides }}{{ $groups = append $groups . }}{{ end -}}
{{- end -}}
{{- if ne (len $groups) 8 }}{{ fail $message }}{{ end -}}
{{- end -}}
{{- if gt (len $parts) 2 }}{{ fail $message }}{{ end -}}
{{- if eq (len $parts) 2 -}}
{{- if not (regexMatch "^(0|[1-9][0-9]{0,2})$" (last $parts)) }}{{ fail $message }}{{ end -}}
{{- $prefix := last $parts | int -}}
{{- if gt $prefix (mul $bits (len $groups) | int) }}{{ fail $message }}{{ end -}}
{{- range $index, $group := $groups -}}
{{- $size := 1 -}}
{{- range until (max 0 (min $bits (sub (mul $bits (add1 $index)) $prefix)) | int) }}{{ $size = mul 2 $size }}{{ end -}}
{{- if ne (mod $group $size) 0 -}}
{{- fail (printf "%s: %q has bits after its prefix: give the network, or the address without /%d" $name $value $prefix) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
