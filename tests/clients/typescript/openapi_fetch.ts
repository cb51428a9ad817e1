/**
 * Calls every operation with openapi-fetch and the types that openapi-typescript generated.
 *
 * Usage: node openapi_fetch.js http://127.0.0.1:8000 gw_…
 */
import createClient from "openapi-fetch";

import { events } from "./events.js";
import type { components, paths } from "./generated/schema.js";

type Schemas = components["schemas"];

const EMAIL = "From: Ada Hill <ada@post.example>\r\nSubject: Broken lamp\r\n\r\nMy lamp broke.\r\n";
const GERMAN = "Das Produkt ist sehr gut.";
const QUESTION: Schemas["AnswerRequest"] = {
  question: "How long does the warranty of the Lumo lamp last?",
  documents: [
    {
      title: "Lumo lamp: warranty",
      text: "The warranty of the Lumo lamp lasts three years. Keep the receipt.",
    },
  ],
  store: true,
};

const [baseUrl = "", key = ""] = process.argv.slice(2);
const client = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${key}` } });

await health();
await tickets();
await answers();
await translations();
await batches();
await otherApis();
await problem();
await stranger();

async function tickets(): Promise<void> {
  const ticket = good(
    await client.POST("/tickets", { body: { subject: "Lamp", body: "My lamp broke." } }),
  );
  console.log("create_ticket:", ticket.issue, ticket.urgency);

  const fromEmail = good(
    await client.POST("/tickets/email", {
      body: EMAIL,
      bodySerializer: (email) => email,
      headers: { "Content-Type": "message/rfc822" },
    }),
  );
  console.log("create_email_ticket:", fromEmail.email.subject);
}

async function answers(): Promise<void> {
  const answer = good(await client.POST("/answers", { body: QUESTION }));
  console.log("create_answer:", answer.answer, answer.citations.map((citation) => citation.quote));

  const feedback = good(
    await client.POST("/answers/{message_id}/feedback", {
      params: { path: { message_id: answer.message_id } },
      body: { rating: "up" },
    }),
  );
  console.log("create_feedback:", feedback.message_id === answer.message_id);

  const { response } = await client.DELETE("/answers/conversations/{conversation_id}", {
    params: { path: { conversation_id: answer.conversation_id ?? "" } },
  });
  console.log("delete_conversation:", response.status);

  const stream = good(await client.POST("/answers/stream", { body: QUESTION, parseAs: "stream" }));
  const types: string[] = [];
  for await (const event of events<Schemas["AnswerEvent"]>(stream)) {
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
  const body: Schemas["TranslationRequest"] = { text: [GERMAN], target_lang: "EN" };
  const result = good(await client.POST("/translations", { body }));
  for (const translation of result.translations) {
    console.log("create_translations:", translation.text, translation.detected_source_language);
  }

  const stream = good(await client.POST("/translations/stream", { body, parseAs: "stream" }));
  const types: string[] = [];
  for await (const event of events<Schemas["TranslationEvent"]>(stream)) {
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

  const languages = good(await client.GET("/translations/languages"));
  console.log("list_languages:", ...languages.map((language) => language.code));
}

async function batches(): Promise<void> {
  const params = { text: [GERMAN], target_lang: "EN" };
  let batch = good(
    await client.POST("/batches", {
      body: { feature: "translations", requests: [{ custom_id: "r1", params }] },
    }),
  );
  console.log("create_batch:", batch.feature);
  const path = { batch_id: batch.id };
  console.log("list_batches:", good(await client.GET("/batches")).data[0]?.id === batch.id);
  while (batch.ended_at === null) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    batch = good(await client.GET("/batches/{batch_id}", { params: { path } }));
  }
  console.log("read_batch:", batch.request_counts.completed);
  const results = good(
    await client.GET("/batches/{batch_id}/results", { params: { path }, parseAs: "text" }),
  );
  console.log("read_results:", JSON.parse(results).custom_id);
  const cancelled = good(await client.POST("/batches/{batch_id}/cancel", { params: { path } }));
  console.log("cancel_batch:", cancelled.status);
  const { response } = await client.DELETE("/batches/{batch_id}", { params: { path } });
  console.log("delete_batch:", response.status);
}

/** DeepL's and LibreTranslate's; their own clients work, too. */
async function otherApis(): Promise<void> {
  const deepl = good(
    await client.POST("/v2/translate", { body: { text: [GERMAN], target_lang: "EN-GB" } }),
  );
  console.log("deepl_translate:", deepl.translations[0]?.text);
  const deeplLanguages = good(await client.GET("/v2/languages"));
  console.log("deepl_languages:", ...deeplLanguages.map((language) => language.language));

  const libre = good(await client.POST("/translate", { body: { q: GERMAN, target: "EN" } }));
  console.log("libre_translate:", libre.translatedText);
  const [detection] = good(await client.POST("/detect", { body: { q: GERMAN } }));
  console.log("libre_detect:", detection?.language);
  const libreLanguages = good(await client.GET("/languages"));
  console.log("libre_languages:", ...libreLanguages.map((language) => language.code));
}

async function health(): Promise<void> {
  console.log("check_health:", good(await client.GET("/healthz")).status);
  const ready = good(await client.GET("/readyz"));
  console.log("check_readiness:", ready.status, ready.model);
  console.log("read_usage:", good(await client.GET("/usage")).caller);
}

/** What is wrong with a request comes as data, not only as words. */
async function problem(): Promise<void> {
  const body = { question: " " };
  const { error } = await client.POST("/answers", { body });
  console.log("problem:", error?.code, ...pointers(error));

  const stream = await client.POST("/answers/stream", { body, parseAs: "stream" });
  console.log("problem_of_stream:", stream.error?.code, ...pointers(stream.error));
}

/** From elsewhere and without a key, all there is to know is whether it is ready. */
async function stranger(): Promise<void> {
  const headers = { "X-Forwarded-For": "203.0.113.9" };
  const client = createClient<paths>({ baseUrl, headers });
  const { status } = good(await client.GET("/readyz"));
  const { error } = await client.GET("/usage");
  console.log("stranger:", status, error?.code);
}

function pointers(problem: Schemas["Problem"] | undefined): string[] {
  return (problem?.errors ?? []).map((field) => field.pointer);
}

/** The answer, unless it is a problem. */
function good<T>(result: { data?: T; error?: unknown }): T {
  if (result.data === undefined) {
    throw new Error(JSON.stringify(result.error));
  }
  return result.data;
}
