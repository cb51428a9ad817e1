// A classic script in the head, so that the chosen theme is there before anything is painted.
"use strict";
{
  const stored = localStorage.getItem("groundwork-theme");
  if (stored === "light" || stored === "dark") {
    document.documentElement.dataset.theme = stored;
  }
}
