// The service's own OpenAPI document in Swagger UI, with its examples ready to be sent.

const dark = matchMedia("(prefers-color-scheme: dark)");
const paint = () => document.documentElement.classList.toggle("dark-mode", dark.matches);

dark.addEventListener("change", paint);
paint();

// Swagger UI has no label for the body that is to be sent.
const labels = ({ React }) => ({
  wrapComponents: {
    TextArea: (TextArea) => (properties) =>
      React.createElement(TextArea, { "aria-label": "Request body", ...properties }),
  },
});

// The key that the playground keeps in this tab: the document may be for those who have one.
const withKey = (request) => {
  const key = sessionStorage.getItem("groundwork-key");
  const hasOne = Object.keys(request.headers).some((name) => /^authorization$/i.test(name));
  if (key && !hasOne) request.headers.Authorization = `Bearer ${key.trim()}`;
  return request;
};

SwaggerUIBundle({
  url: "openapi.json",
  domNode: document.getElementById("docs"),
  validatorUrl: null, // it would send the document to somebody else's service
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  plugins: [labels],
  requestInterceptor: withKey,
  requestSnippetsEnabled: true,
  syntaxHighlight: { theme: "obsidian" },
  tryItOutEnabled: true,
});
