/** For @hey-api/openapi-ts. */
export default {
  input: "openapi.json",
  output: { path: "generated/sdk", module: { extension: ".js" } },
};
