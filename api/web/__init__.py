"""The web page: server-rendered HTML in English and Chinese, inert under a strict policy."""
