package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"iter"
	"net/http"

	"tour/groundwork"
)

// refused is the error of a stream that is not to be had, and why.
type refused struct{ groundwork.Problem }

func (r *refused) Error() string { return r.Detail }

// events posts a request and gives the server-sent events of the response as they come.
// Each event is JSON on one line of data. The key is where the generated client has it, too.
func events[Event any](ctx context.Context, url string, question any) iter.Seq2[*Event, error] {
	return func(yield func(*Event, error) bool) {
		body, err := json.Marshal(question)
		if err != nil {
			yield(nil, err)
			return
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
		if err != nil {
			yield(nil, err)
			return
		}
		request.Header.Set("Content-Type", "application/json")
		if key, found := ctx.Value(groundwork.ContextAccessToken).(string); found {
			request.Header.Set("Authorization", "Bearer "+key)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			yield(nil, err)
			return
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			problem := new(refused)
			if err := json.NewDecoder(response.Body).Decode(&problem.Problem); err != nil {
				yield(nil, err)
				return
			}
			yield(nil, problem)
			return
		}
		lines := bufio.NewScanner(response.Body)
		lines.Buffer(nil, 16<<20) // the last event holds the whole answer
		for lines.Scan() {
			data, found := bytes.CutPrefix(lines.Bytes(), []byte("data: "))
			if !found {
				continue
			}
			event := new(Event)
			if !yield(event, json.Unmarshal(data, event)) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(nil, err)
		}
	}
}
