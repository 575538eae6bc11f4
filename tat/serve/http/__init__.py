"""HTTP: llama.cpp's, OpenAI's and Tabby's forms of completion, tat's own requests, and a page."""
