// Calls every operation through the client that openapi-generator made.
//
// Usage: tour http://127.0.0.1:8000 gw_…
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"time"

	"tour/groundwork"
)

const (
	email  = "From: Ada Hill <ada@post.example>\r\nSubject: Broken lamp\r\n\r\nMy lamp broke.\r\n"
	german = "Das Produkt ist sehr gut."
)

func main() {
	url, key := os.Args[1], os.Args[2]
	configuration := groundwork.NewConfiguration()
	configuration.Servers = groundwork.ServerConfigurations{{URL: url}}
	client := groundwork.NewAPIClient(configuration)
	ctx := context.WithValue(context.Background(), groundwork.ContextAccessToken, key)

	health(ctx, client)
	tickets(ctx, client)
	answers(ctx, client, url)
	translations(ctx, client, url)
	batches(ctx, client)
	otherAPIs(ctx, client)
	problem(ctx, client, url)

	configuration.AddDefaultHeader("X-Forwarded-For", "203.0.113.9")
	stranger(context.Background(), client)
}

func tickets(ctx context.Context, client *groundwork.APIClient) {
	request := groundwork.NewTicketRequest()
	request.SetSubject("Lamp")
	request.SetBody("My lamp broke.")
	ticket := good(client.TicketsAPI.CreateTicket(ctx).TicketRequest(*request).Execute())
	fmt.Println("create_ticket:", ticket.Issue, ticket.Urgency)

	file, err := os.CreateTemp("", "*.eml")
	check(err)
	defer os.Remove(file.Name())
	check(os.WriteFile(file.Name(), []byte(email), 0o600))
	fromEmail := good(client.TicketsAPI.CreateEmailTicket(ctx).Body(file).Execute())
	fmt.Println("create_email_ticket:", fromEmail.Email.Subject)
}

func question() groundwork.AnswerRequest {
	document := groundwork.NewDocument("The warranty of the Lumo lamp lasts three years. Keep the receipt.")
	document.SetTitle("Lumo lamp: warranty")
	request := groundwork.NewAnswerRequest("How long does the warranty of the Lumo lamp last?")
	request.SetDocuments([]groundwork.Document{*document})
	request.SetStore(true)
	return *request
}

func answers(ctx context.Context, client *groundwork.APIClient, url string) {
	answer := good(client.AnswersAPI.CreateAnswer(ctx).AnswerRequest(question()).Execute())
	quotes := []string{}
	for _, citation := range answer.Citations {
		quotes = append(quotes, citation.Quote)
	}
	fmt.Println("create_answer:", answer.Answer, quotes)

	praise := groundwork.NewFeedbackRequest("up")
	feedback := good(client.AnswersAPI.CreateFeedback(ctx, answer.MessageId).FeedbackRequest(*praise).Execute())
	fmt.Println("create_feedback:", feedback.MessageId == answer.MessageId)

	forgotten, err := client.AnswersAPI.DeleteConversation(ctx, answer.GetConversationId()).Execute()
	check(err)
	fmt.Println("delete_conversation:", forgotten.StatusCode)

	types := ""
	for event, err := range events[groundwork.AnswerEvent](ctx, url+"/answers/stream", question()) {
		check(err)
		switch {
		case event.AnswerStarted != nil:
			types += " " + event.AnswerStarted.Type
		case event.Delta != nil:
			types += " " + event.Delta.Type
			fmt.Fprint(os.Stderr, event.Delta.Text)
		case event.AnswerCitation != nil:
			types += " " + event.AnswerCitation.Type
		case event.AnswerCompleted != nil:
			types += " " + event.AnswerCompleted.Type
			fmt.Println("stream_answer:", event.AnswerCompleted.Result.Answer+types)
		case event.Failed != nil:
			types += " " + event.Failed.Type
			fmt.Println("stream_answer:", event.Failed.Problem.Code+types)
		}
	}
}

func translations(ctx context.Context, client *groundwork.APIClient, url string) {
	request := groundwork.NewTranslationRequest([]string{german})
	request.SetTargetLang("EN")
	result := good(client.TranslationsAPI.CreateTranslations(ctx).TranslationRequest(*request).Execute())
	for _, translation := range result.Translations {
		fmt.Println("create_translations:", translation.GetText(), translation.GetDetectedSourceLanguage())
	}

	types := ""
	for event, err := range events[groundwork.TranslationEvent](ctx, url+"/translations/stream", request) {
		check(err)
		switch {
		case event.TranslationDelta != nil:
			types += " " + event.TranslationDelta.Type
			fmt.Fprint(os.Stderr, event.TranslationDelta.Text)
		case event.TranslationCompleted != nil:
			types += " " + event.TranslationCompleted.Type
			translation := event.TranslationCompleted.Result.Translations[0]
			fmt.Println("stream_translations:", translation.GetText()+types)
		case event.Failed != nil:
			types += " " + event.Failed.Type
			fmt.Println("stream_translations:", event.Failed.Problem.Code+types)
		}
	}

	fmt.Print("list_languages:")
	for _, language := range good(client.TranslationsAPI.ListLanguages(ctx).Execute()) {
		fmt.Print(" ", language.Code)
	}
	fmt.Println()
}

func batches(ctx context.Context, client *groundwork.APIClient) {
	row := groundwork.NewBatchRow(map[string]interface{}{"text": []string{german}, "target_lang": "EN"})
	row.SetCustomId("r1")
	request := groundwork.NewBatchRequest("translations", []groundwork.BatchRow{*row})
	batch := good(client.BatchesAPI.CreateBatch(ctx).BatchRequest(*request).Execute())
	fmt.Println("create_batch:", batch.Feature)
	list := good(client.BatchesAPI.ListBatches(ctx).Execute())
	fmt.Println("list_batches:", list.Data[0].Id == batch.Id)
	for batch.Status != "completed" && batch.Status != "failed" && batch.Status != "expired" {
		time.Sleep(100 * time.Millisecond)
		batch = good(client.BatchesAPI.ReadBatch(ctx, batch.Id).Execute())
	}
	fmt.Println("read_batch:", batch.RequestCounts.Completed)
	file := good(client.BatchesAPI.ReadResults(ctx, batch.Id).Execute())
	defer os.Remove(file.Name())
	var line struct {
		CustomID string `json:"custom_id"`
	}
	check(json.NewDecoder(file).Decode(&line))
	fmt.Println("read_results:", line.CustomID)
	fmt.Println("cancel_batch:", good(client.BatchesAPI.CancelBatch(ctx, batch.Id).Execute()).Status)
	deleted, err := client.BatchesAPI.DeleteBatch(ctx, batch.Id).Execute()
	check(err)
	fmt.Println("delete_batch:", deleted.StatusCode)
}

// otherAPIs are DeepL's and LibreTranslate's; their own clients work, too.
func otherAPIs(ctx context.Context, client *groundwork.APIClient) {
	deepl := groundwork.NewDeepLRequest([]string{german}, "EN-GB")
	response := good(client.DeeplAPI.DeeplTranslate(ctx).DeepLRequest(*deepl).Execute())
	fmt.Println("deepl_translate:", response.Translations[0].Text)
	fmt.Print("deepl_languages:")
	for _, language := range good(client.DeeplAPI.DeeplLanguages(ctx).Execute()) {
		fmt.Print(" ", language.Language)
	}
	fmt.Println()

	text := german
	libre := groundwork.NewLibreRequest(groundwork.Q{String: &text}, "EN")
	translation := good(client.LibretranslateAPI.LibreTranslate(ctx).LibreRequest(*libre).Execute())
	fmt.Println("libre_translate:", *translation.TranslatedText.String)
	detections := good(client.LibretranslateAPI.LibreDetect(ctx).LibreText(*groundwork.NewLibreText(german)).Execute())
	fmt.Println("libre_detect:", detections[0].Language)
	fmt.Print("libre_languages:")
	for _, language := range good(client.LibretranslateAPI.LibreLanguages(ctx).Execute()) {
		fmt.Print(" ", language.Code)
	}
	fmt.Println()
}

func health(ctx context.Context, client *groundwork.APIClient) {
	fmt.Println("check_health:", good(client.HealthAPI.CheckHealth(ctx).Execute()).Status)
	ready := good(client.HealthAPI.CheckReadiness(ctx).Execute())
	fmt.Println("check_readiness:", ready.Status, ready.GetModel())
	fmt.Println("read_usage:", good(client.UsageAPI.ReadUsage(ctx).Execute()).Caller)
}

// What is wrong with a request comes as data, not only as words.
func problem(ctx context.Context, client *groundwork.APIClient, url string) {
	request := groundwork.NewAnswerRequest(" ")
	_, _, err := client.AnswersAPI.CreateAnswer(ctx).AnswerRequest(*request).Execute()
	problem := problemOf(err)
	fmt.Println("problem:", problem.Code+pointers(problem))

	for _, err := range events[groundwork.AnswerEvent](ctx, url+"/answers/stream", request) {
		var problem *refused
		if !errors.As(err, &problem) {
			log.Fatal("not a problem: ", err)
		}
		fmt.Println("problem_of_stream:", problem.Code+pointers(problem.Problem))
	}
}

// From elsewhere and without a key, all there is to know is whether it is ready.
func stranger(ctx context.Context, client *groundwork.APIClient) {
	ready := good(client.HealthAPI.CheckReadiness(ctx).Execute())
	_, _, err := client.UsageAPI.ReadUsage(ctx).Execute()
	fmt.Println("stranger:", ready.Status, problemOf(err).Code)
}

// problemOf is why a call was refused.
func problemOf(err error) groundwork.Problem {
	var failure *groundwork.GenericOpenAPIError
	if !errors.As(err, &failure) {
		log.Fatal("not refused: ", err)
	}
	problem, ok := failure.Model().(groundwork.Problem)
	if !ok {
		log.Fatal("not a problem: ", failure)
	}
	return problem
}

func pointers(problem groundwork.Problem) string {
	joined := ""
	for _, field := range problem.Errors {
		joined += " " + field.Pointer
	}
	return joined
}

// good gives the answer, unless there was an error.
func good[T any](answer T, _ *http.Response, err error) T {
	check(err)
	return answer
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
