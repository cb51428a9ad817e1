"""Whether an answer rests on its passages, judged in code: citations, claims, verdicts."""
