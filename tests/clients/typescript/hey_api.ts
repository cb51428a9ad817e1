/**
 * Calls every operation through the functions that @hey-api/openapi-ts generated.
 *
 * Usage: node hey_api.js http://127.0.0.1:8000 gw_…
 */
import { createClient, createConfig } from "./generated/sdk/client/index.js";
import { client } from "./generated/sdk/client.gen.js";
import * as groundwork from "./generated/sdk/index.js";

const EMAIL = "From: Ada Hill <ada@post.example>\r\nSubject: Broken lamp\r\n\r\nMy lamp broke.\r\n";
const GERMAN = "Das Produkt ist sehr gut.";
const QUESTION: groundwork.AnswerRequest = {
  question: "How long does the warranty of the Lumo lamp last?",
  documents: [
    {
      title: "Lumo lamp: warranty",
      text: "The warranty of the Lumo lamp lasts three years. Keep the receipt.",
    },
  ],
  store: true,
};

class Refused extends Error {
  constructor(readonly problem: groundwork.Problem) {
    super(problem.detail);
  }
}

/** Without these, a stream that is refused is asked for again and again. */
const STREAMING = {
  fetch: async (...request: Parameters<typeof fetch>): Promise<Response> => {
    const response = await fetch(...request);
    if (!response.ok) {
      throw new Refused((await response.json()) as groundwork.Problem);
    }
    return response;
  },
  onSseError: (error: unknown): never => {
    throw error;
  },
};

const [baseUrl = "", key = ""] = process.argv.slice(2);
client.setConfig({ baseUrl, auth: key });

await health();
await tickets();
await answers();
await translations();
await batches();
await otherApis();
await problem();
await stranger();

async function tickets(): Promise<void> {
  const { data: ticket } = await groundwork.createTicket({
    body: { subject: "Lamp", body: "My lamp broke." },
    throwOnError: true,
  });
  console.log("create_ticket:", ticket.issue, ticket.urgency);

  const { data: fromEmail } = await groundwork.createEmailTicket({
    body: new Blob([EMAIL]),
    throwOnError: true,
  });
  console.log("create_email_ticket:", fromEmail.email.subject);
}

async function answers(): Promise<void> {
  const { data: answer } = await groundwork.createAnswer({ body: QUESTION, throwOnError: true });
  console.log("create_answer:", answer.answer, answer.citations.map((citation) => citation.quote));

  const { data: feedback } = await groundwork.createFeedback({
    path: { message_id: answer.message_id },
    body: { rating: "up" },
    throwOnError: true,
  });
  console.log("create_feedback:", feedback.message_id === answer.message_id);

  const { response } = await groundwork.deleteConversation({
    path: { conversation_id: answer.conversation_id ?? "" },
    throwOnError: true,
  });
  console.log("delete_conversation:", response.status);

  const { stream } = await groundwork.streamAnswer({ body: QUESTION, ...STREAMING });
  const types: string[] = [];
  for await (const event of stream) {
    types.push(event.type);
    switch (event.type) {
      case "delta":
        process.stderr.write(event.text);
        break;
      case "completed":
        console.log("stream_answer:", event.result.answer, ...types);
        break;
      case "failed":
        console.log("stream_answer:", event.problem.code, ...types);
        break;
    }
  }
}

async function translations(): Promise<void> {
  const body: groundwork.TranslationRequest = { text: [GERMAN], target_lang: "EN" };
  const { data: result } = await groundwork.createTranslations({ body, throwOnError: true });
  for (const translation of result.translations) {
    console.log("create_translations:", translation.text, translation.detected_source_language);
  }

  const { stream } = await groundwork.streamTranslations({ body, ...STREAMING });
  const types: string[] = [];
  for await (const event of stream) {
    types.push(event.type);
    switch (event.type) {
      case "delta":
        process.stderr.write(event.text);
        break;
      case "completed":
        console.log("stream_translations:", event.result.translations[0]?.text, ...types);
        break;
      case "failed":
        console.log("stream_translations:", event.problem.code, ...types);
        break;
    }
  }

  const { data: languages } = await groundwork.listLanguages({ throwOnError: true });
  console.log("list_languages:", ...languages.map((language) => language.code));
}

async function batches(): Promise<void> {
  const params = { text: [GERMAN], target_lang: "EN" };
  let { data: batch } = await groundwork.createBatch({
    body: { feature: "translations", requests: [{ custom_id: "r1", params }] },
    throwOnError: true,
  });
  console.log("create_batch:", batch.feature);
  const path = { batch_id: batch.id };
  const { data: list } = await groundwork.listBatches({ throwOnError: true });
  console.log("list_batches:", list.data[0]?.id === batch.id);
  while (batch.ended_at === null) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    ({ data: batch } = await groundwork.readBatch({ path, throwOnError: true }));
  }
  console.log("read_batch:", batch.request_counts.completed);
  const { data: results } = await groundwork.readResults({ path, throwOnError: true });
  console.log("read_results:", JSON.parse(await (results as Blob).text()).custom_id);
  const { data: cancelled } = await groundwork.cancelBatch({ path, throwOnError: true });
  console.log("cancel_batch:", cancelled.status);
  const { response } = await groundwork.deleteBatch({ path, throwOnError: true });
  console.log("delete_batch:", response.status);
}

/** DeepL's and LibreTranslate's; their own clients work, too. */
async function otherApis(): Promise<void> {
  const { data: deepl } = await groundwork.deeplTranslate({
    body: { text: [GERMAN], target_lang: "EN-GB" },
    throwOnError: true,
  });
  console.log("deepl_translate:", deepl.translations[0]?.text);
  const { data: deeplLanguages } = await groundwork.deeplLanguages({ throwOnError: true });
  console.log("deepl_languages:", ...deeplLanguages.map((language) => language.language));

  const { data: libre } = await groundwork.libreTranslate({
    body: { q: GERMAN, target: "EN" },
    throwOnError: true,
  });
  console.log("libre_translate:", libre.translatedText);
  const { data: detections } = await groundwork.libreDetect({
    body: { q: GERMAN },
    throwOnError: true,
  });
  console.log("libre_detect:", detections[0]?.language);
  const { data: libreLanguages } = await groundwork.libreLanguages({ throwOnError: true });
  console.log("libre_languages:", ...libreLanguages.map((language) => language.code));
}

async function health(): Promise<void> {
  const { data: alive } = await groundwork.checkHealth({ throwOnError: true });
  console.log("check_health:", alive.status);
  const { data: ready } = await groundwork.checkReadiness({ throwOnError: true });
  console.log("check_readiness:", ready.status, ready.model);
  const { data: usage } = await groundwork.readUsage({ throwOnError: true });
  console.log("read_usage:", usage.caller);
}

/** What is wrong with a request comes as data, not only as words. */
async function problem(): Promise<void> {
  const body = { question: " " };
  const { error } = await groundwork.createAnswer({ body });
  console.log("problem:", error?.code, ...pointers(error));

  const { stream } = await groundwork.streamAnswer({ body, ...STREAMING });
  try {
    await stream.next();
  } catch (refused) {
    if (!(refused instanceof Refused)) {
      throw refused;
    }
    console.log("problem_of_stream:", refused.problem.code, ...pointers(refused.problem));
  }
}

/** From elsewhere and without a key, all there is to know is whether it is ready. */
async function stranger(): Promise<void> {
  const headers = { "X-Forwarded-For": "203.0.113.9" };
  const client = createClient(createConfig({ baseUrl, headers }));
  const { data: ready } = await groundwork.checkReadiness({ client, throwOnError: true });
  const { error } = await groundwork.readUsage({ client });
  console.log("stranger:", ready.status, error?.code);
}

function pointers(problem: groundwork.Problem | undefined): string[] {
  return (problem?.errors ?? []).map((field) => field.pointer);
}
