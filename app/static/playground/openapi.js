// What the playground needs to know of the service, read out of its OpenAPI document.

/**
 * One feature: `POST /name` with the tag `name`.
 *
 * @typedef {Object} Feature
 * @property {string} name
 * @property {string} summary
 * @property {string} description
 * @property {Schema} request
 * @property {any[]} examples Bodies that work.
 * @property {boolean} streams Whether there is `POST /name/stream`.
 * @property {boolean} takesFeedback Whether there is `POST /name/{message_id}/feedback`.
 */

/**
 * A JSON Schema whose references are followed.
 *
 * @typedef {Object} Schema
 * @property {boolean} [nullable] Whether null was one of its forms.
 */

export const BATCHES = "batches"; // of any feature

/** The features in the order of the document. */
export function featuresOf(api) {
  const found = [];
  for (const [path, { post }] of Object.entries(api.paths)) {
    const name = path.slice(1);
    const schema = post?.requestBody?.content["application/json"]?.schema;
    if (!schema || name.includes("/") || !post.tags?.includes(name) || name === BATCHES) continue;
    const request = plain(api, schema);
    found.push({
      name,
      request,
      summary: post.summary ?? name,
      description: post.description ?? "",
      examples: request.examples ?? [],
      streams: `${path}/stream` in api.paths,
      takesFeedback: `${path}/{message_id}/feedback` in api.paths,
    });
  }
  return found;
}

/**
 * A schema with references followed, one level deep, and `anyOf` with null made `nullable`.
 *
 * @returns {Schema}
 */
export function plain(api, schema) {
  if (schema.$ref) {
    const { $ref, ...own } = schema;
    return { ...plain(api, at(api, $ref)), ...own };
  }
  const forms = schema.anyOf ?? schema.oneOf;
  const others = forms?.filter((form) => form.type !== "null");
  if (others?.length === 1 && others.length < forms.length) {
    const { anyOf, oneOf, ...own } = schema;
    return { ...plain(api, others[0]), ...own, nullable: true };
  }
  return schema;
}

function at(api, reference) {
  const parts = reference.replace(/^#\//, "").split("/");
  return parts.reduce((node, part) => node[part.replaceAll("~1", "/").replaceAll("~0", "~")], api);
}
