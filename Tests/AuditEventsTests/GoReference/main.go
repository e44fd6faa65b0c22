// Decodes audit events with the decoder of the API server's language, one a line, and writes their fields, one a line.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"math"
	"os"
)

// Field names are those of AuditEvent; a nil pointer is an absent field.
type event struct {
	AuditID                  string   `json:"auditID"`
	Stage                    string   `json:"stage"`
	RequestURI               string   `json:"requestURI"`
	Verb                     string   `json:"verb"`
	Username                 string   `json:"username"`
	Groups                   []string `json:"groups"`
	SourceIPs                []string `json:"sourceIPs"`
	UserAgent                *string  `json:"userAgent"`
	ResponseCode             *int64   `json:"responseCode"`
	ResponseStatus           *string  `json:"responseStatus"`
	ResponseReason           *string  `json:"responseReason"`
	ResponseMessage          *string  `json:"responseMessage"`
	Resource                 *string  `json:"resource"`
	APIGroup                 *string  `json:"apiGroup"`
	Subresource              *string  `json:"subresource"`
	RequestReceivedTimestamp string   `json:"requestReceivedTimestamp"`
	StageTimestamp           string   `json:"stageTimestamp"`
}

type fields map[string]json.RawMessage

func object(raw json.RawMessage) fields {
	var into fields
	if json.Unmarshal(raw, &into) != nil {
		return nil
	}
	return into
}

func (f fields) text(name string) *string {
	var into *string
	if raw, ok := f[name]; !ok || json.Unmarshal(raw, &into) != nil {
		return nil
	}
	return into
}

func (f fields) textOrEmpty(name string) string {
	if text := f.text(name); text != nil {
		return *text
	}
	return ""
}

func (f fields) texts(name string) []string {
	texts := []string{}
	var entries []json.RawMessage
	if raw, ok := f[name]; !ok || json.Unmarshal(raw, &entries) != nil {
		return texts
	}
	for _, entry := range entries {
		texts = append(texts, fields{"": entry}.textOrEmpty(""))
	}
	return texts
}

func (f fields) integer(name string) *int64 {
	var number *float64
	if raw, ok := f[name]; !ok || json.Unmarshal(raw, &number) != nil || number == nil {
		return nil
	}
	if math.Abs(*number) >= 1e15 || *number != math.Trunc(*number) {
		return nil
	}
	integer := int64(*number)
	return &integer
}

func main() {
	in, out := bufio.NewReader(os.Stdin), bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for {
		line, err := in.ReadBytes('\n')
		if err == io.EOF && len(line) == 0 {
			return
		}
		line = bytes.TrimSuffix(line, []byte("\n"))
		var found *event
		all := object(line)
		if all != nil {
			user, status := object(all["user"]), object(all["responseStatus"])
			reference := object(all["objectRef"])
			found = &event{
				all.textOrEmpty("auditID"), all.textOrEmpty("stage"), all.textOrEmpty("requestURI"),
				all.textOrEmpty("verb"), user.textOrEmpty("username"), user.texts("groups"), all.texts("sourceIPs"),
				all.text("userAgent"), status.integer("code"), status.text("status"), status.text("reason"),
				status.text("message"), reference.text("resource"), reference.text("apiGroup"),
				reference.text("subresource"), all.textOrEmpty("requestReceivedTimestamp"), all.textOrEmpty("stageTimestamp"),
			}
		}
		written, _ := json.Marshal(found)
		out.Write(append(written, '\n'))
	}
}
