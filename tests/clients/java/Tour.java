import example.groundwork.ApiClient;
import example.groundwork.ApiException;
import example.groundwork.api.AnswersApi;
import example.groundwork.api.BatchesApi;
import example.groundwork.api.DeeplApi;
import example.groundwork.api.HealthApi;
import example.groundwork.api.UsageApi;
import example.groundwork.api.LibretranslateApi;
import example.groundwork.api.TicketsApi;
import example.groundwork.api.TranslationsApi;
import example.groundwork.model.AnswerCitation;
import example.groundwork.model.AnswerCompleted;
import example.groundwork.model.AnswerEvent;
import example.groundwork.model.AnswerRequest;
import example.groundwork.model.AnswerStarted;
import example.groundwork.model.BatchRequest;
import example.groundwork.model.BatchRow;
import example.groundwork.model.Citation;
import example.groundwork.model.DeepLRequest;
import example.groundwork.model.Delta;
import example.groundwork.model.Document;
import example.groundwork.model.Failed;
import example.groundwork.model.FeedbackRequest;
import example.groundwork.model.FieldError;
import example.groundwork.model.LibreRequest;
import example.groundwork.model.LibreText;
import example.groundwork.model.Problem;
import example.groundwork.model.TicketRequest;
import example.groundwork.model.TranslationCompleted;
import example.groundwork.model.TranslationDelta;
import example.groundwork.model.TranslationEvent;
import example.groundwork.model.TranslationRequest;
import java.io.File;
import java.io.IOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Calls every operation through the client that openapi-generator made.
 *
 * <p>Usage: java Tour http://127.0.0.1:8000 gw_…
 */
final class Tour {
    private static final String EMAIL =
            "From: Ada Hill <ada@post.example>\r\nSubject: Broken lamp\r\n\r\nMy lamp broke.\r\n";
    private static final String GERMAN = "Das Produkt ist sehr gut.";
    private static final AnswerRequest QUESTION = new AnswerRequest()
            .question("How long does the warranty of the Lumo lamp last?")
            .addDocumentsItem(new Document()
                    .title("Lumo lamp: warranty")
                    .text("The warranty of the Lumo lamp lasts three years. Keep the receipt."))
            .store(true);

    private final ApiClient client;
    private final Events events;

    private Tour(ApiClient client) {
        this.client = client;
        this.events = new Events(client);
    }

    public static void main(String[] arguments) throws Exception {
        var client = new ApiClient();
        client.updateBaseUri(arguments[0]);
        client.setRequestInterceptor(call -> call.header("Authorization", "Bearer " + arguments[1]));
        var tour = new Tour(client);
        tour.health();
        tour.tickets();
        tour.answers();
        tour.translations();
        tour.batches();
        tour.otherApis();
        tour.problem();
        tour.stranger();
    }

    private void tickets() throws ApiException {
        var api = new TicketsApi(client);
        var request = new TicketRequest().subject("Lamp").body("My lamp broke.");
        var ticket = api.createTicket(request, null, null, null);
        print("create_ticket", ticket.getIssue(), ticket.getUrgency());
        var fromEmail = emailing().createEmailTicket(new File("lamp.eml"), null, null, null);
        print("create_email_ticket", fromEmail.getEmail().getSubject());
    }

    /** The generated client sends the path of a file in quotes; this puts the email there instead. */
    private TicketsApi emailing() {
        var emailing = new ApiClient();
        emailing.updateBaseUri(client.getBaseUri());
        emailing.setRequestInterceptor(client.getRequestInterceptor()
                .andThen(call -> call.POST(BodyPublishers.ofString(EMAIL))));
        return new TicketsApi(emailing);
    }

    private void answers() throws ApiException, IOException, InterruptedException {
        var api = new AnswersApi(client);
        var answer = api.createAnswer(QUESTION, null, null, null);
        var quotes = answer.getCitations().stream().map(Citation::getQuote).toList();
        print("create_answer", answer.getAnswer(), quotes);

        var praise = new FeedbackRequest().rating(FeedbackRequest.RatingEnum.UP);
        var feedback = api.createFeedback(answer.getMessageId(), praise, null, null, null);
        print("create_feedback", feedback.getMessageId().equals(answer.getMessageId()));

        var forgotten = api.deleteConversationWithHttpInfo(answer.getConversationId());
        print("delete_conversation", forgotten.getStatusCode());

        List<Object> types = new ArrayList<>();
        try (var stream = events.post("/answers/stream", QUESTION, AnswerEvent.class)) {
            stream.map(AnswerEvent::getActualInstance).forEach(event -> {
                if (event instanceof AnswerStarted started) {
                    types.add(started.getType());
                } else if (event instanceof Delta delta) {
                    types.add(delta.getType());
                    System.err.print(delta.getText());
                } else if (event instanceof AnswerCitation citation) {
                    types.add(citation.getType());
                } else if (event instanceof AnswerCompleted completed) {
                    types.add(completed.getType());
                    print("stream_answer", completed.getResult().getAnswer(), words(types));
                } else if (event instanceof Failed failed) {
                    types.add(failed.getType());
                    print("stream_answer", failed.getProblem().getCode(), words(types));
                }
            });
        }
    }

    private void batches() throws ApiException, IOException, InterruptedException {
        var api = new BatchesApi(client);
        var row = new BatchRow().customId("r1").params(Map.of("text", List.of(GERMAN), "target_lang", "EN"));
        var request = new BatchRequest().feature("translations").addRequestsItem(row);
        var batch = api.createBatch(request, null, null, null, null, null);
        print("create_batch", batch.getFeature());
        print("list_batches", api.listBatches(null, null).getData().get(0).getId().equals(batch.getId()));
        while (batch.getEndedAt() == null) {
            Thread.sleep(100);
            batch = api.readBatch(batch.getId());
        }
        print("read_batch", batch.getRequestCounts().getCompleted());
        var results = api.readResults(batch.getId(), null, null);
        print("read_results", client.getObjectMapper().readTree(results).get("custom_id").asText());
        print("cancel_batch", api.cancelBatch(batch.getId()).getStatus());
        print("delete_batch", api.deleteBatchWithHttpInfo(batch.getId()).getStatusCode());
    }

    private void translations() throws ApiException, IOException, InterruptedException {
        var api = new TranslationsApi(client);
        var request = new TranslationRequest()
                .addTextItem(GERMAN)
                .targetLang(TranslationRequest.TargetLangEnum.EN);
        for (var translation : api.createTranslations(request, null, null, null).getTranslations()) {
            print("create_translations",
                    translation.getText(), translation.getDetectedSourceLanguage());
        }

        List<Object> types = new ArrayList<>();
        try (var stream = events.post("/translations/stream", request, TranslationEvent.class)) {
            stream.map(TranslationEvent::getActualInstance).forEach(event -> {
                if (event instanceof TranslationDelta delta) {
                    types.add(delta.getType());
                    System.err.print(delta.getText());
                } else if (event instanceof TranslationCompleted completed) {
                    types.add(completed.getType());
                    var first = completed.getResult().getTranslations().get(0);
                    print("stream_translations", first.getText(), words(types));
                } else if (event instanceof Failed failed) {
                    types.add(failed.getType());
                    print("stream_translations", failed.getProblem().getCode(), words(types));
                }
            });
        }

        var codes = api.listLanguages().stream().map(language -> language.getCode()).toList();
        print("list_languages", words(codes));
    }

    /** DeepL's and LibreTranslate's; their own clients work, too. */
    private void otherApis() throws ApiException {
        var deepl = new DeeplApi(client);
        var deeplRequest = new DeepLRequest()
                .addTextItem(GERMAN)
                .targetLang(DeepLRequest.TargetLangEnum.EN_GB);
        var response = deepl.deeplTranslate(deeplRequest, null, null, null);
        print("deepl_translate", response.getTranslations().get(0).getText());
        var deeplCodes = deepl.deeplLanguages(null).stream().map(code -> code.getLanguage());
        print("deepl_languages", words(deeplCodes.toList()));

        var libre = new LibretranslateApi(client);
        var libreRequest = new LibreRequest().q(GERMAN).target(LibreRequest.TargetEnum.EN);
        var translation = libre.libreTranslate(libreRequest, null, null, null);
        print("libre_translate", translation.getTranslatedText());
        var detections = libre.libreDetect(new LibreText().q(GERMAN), null, null, null);
        print("libre_detect", detections.get(0).getLanguage());
        var libreCodes = libre.libreLanguages().stream().map(language -> language.getCode());
        print("libre_languages", words(libreCodes.toList()));
    }

    private void health() throws ApiException {
        var api = new HealthApi(client);
        print("check_health", api.checkHealth().getStatus());
        var ready = api.checkReadiness();
        print("check_readiness", ready.getStatus(), ready.getModel());
        print("read_usage", new UsageApi(client).readUsage().getCaller());
    }

    /** What is wrong with a request comes as data, not only as words. */
    private void problem() throws IOException, InterruptedException {
        var empty = new AnswerRequest().question(" ");
        try {
            new AnswersApi(client).createAnswer(empty, null, null, null);
        } catch (ApiException refused) {
            print("problem", problem(refused));
        }
        try (var stream = events.post("/answers/stream", empty, AnswerEvent.class)) {
            print("problem_of_stream", stream.count());
        } catch (ApiException refused) {
            print("problem_of_stream", problem(refused));
        }
    }

    /** From elsewhere and without a key, all there is to know is whether it is ready. */
    private void stranger() throws ApiException, IOException {
        var stranger = new ApiClient();
        stranger.updateBaseUri(client.getBaseUri());
        stranger.setRequestInterceptor(call -> call.header("X-Forwarded-For", "203.0.113.9"));
        var ready = new HealthApi(stranger).checkReadiness();
        try {
            new UsageApi(stranger).readUsage();
        } catch (ApiException refused) {
            print("stranger", ready.getStatus(), problemOf(refused).getCode());
        }
    }

    private Problem problemOf(ApiException refused) throws IOException {
        return client.getObjectMapper().readValue(refused.getResponseBody(), Problem.class);
    }

    private String problem(ApiException refused) throws IOException {
        var problem = problemOf(refused);
        var pointers = problem.getErrors().stream().map(FieldError::getPointer).toList();
        return problem.getCode() + " " + words(pointers);
    }

    private static String words(List<?> things) {
        return things.stream().map(Object::toString).collect(Collectors.joining(" "));
    }

    private static void print(String operation, Object... values) {
        System.out.println(operation + ": " + words(List.of(values)));
    }
}
