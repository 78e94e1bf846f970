"""The review page's service: takes found, shown and decided upon; the API that the page uses."""
