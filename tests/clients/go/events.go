package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"iter"
	"net/http"

	"tour/groundwork"
)

// refused is the error of a stream that is not to be had, and why.
type refused struct{ groundwork.Problem }

func (r *refused) Error() string { return r.Detail }

// events posts a request and gives the server-sent events of the response as they come.
// Each event is JSON on one line of data.
func events[Event any](url string, request any) iter.Seq2[*Event, error] {
	return func(yield func(*Event, error) bool) {
		body, err := json.Marshal(request)
		if err != nil {
			yield(nil, err)
			return
		}
		response, err := http.Post(url, "application/json", bytes.NewReader(body))
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
