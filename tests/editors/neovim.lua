-- Neovim's own client against `tat serve --lsp`: run by tests/test_serve_neovim.py, which reads what
-- is written to $EDITOR_TOLD. The three lines of configuration are those of `tat serve --help`.
-- $EDITOR_HOSTS has files of other languages, with WGSL in strings.
local script = debug.getinfo(1, "S").source:sub(2)
local driving = dofile(vim.fs.joinpath(vim.fs.dirname(script), "await.lua"))
local told, await, finish = driving.told, driving.await, driving.finish

vim.lsp.config("tat", { cmd = vim.json.decode(vim.env.EDITOR_COMMAND), filetypes = { "wgsl", "typescript", "rust" } })
vim.lsp.enable("tat")
vim.lsp.inline_completion.enable()
vim.lsp.config("tat", { settings = { tat = { inlineMs = 60000, blockMs = 60000, rankMs = 60000 } } })

local function request(client, method, line, character)
  local params = { textDocument = { uri = vim.uri_from_bufnr(0) }, position = { line = line, character = character } }
  local reply = client:request_sync(method, params, 1000 * driving.seconds, 0)
  return reply and reply.result
end

-- What is said about the function `area` in a string of another language, `rr` being wrong in it.
local function of_host(path)
  vim.cmd("stopinsert | silent edit! " .. path)
  await("a client for " .. path, function() return #vim.lsp.get_clients({ name = "tat", bufnr = 0 }) == 1 end)
  local client = vim.lsp.get_clients({ name = "tat" })[1]
  await("a diagnostic of " .. path, function() return #vim.diagnostic.get(0) == 1 end)
  local found = vim.diagnostic.get(0)[1]
  local line = vim.fn.getline(found.lnum + 1)
  local hover = request(client, "textDocument/hover", found.lnum - 1, vim.fn.getline(found.lnum):find("area") - 1)
  local complete = request(client, "textDocument/completion", found.lnum, line:find("vec2f") - 1)
  return {
    wrong = line:sub(found.col + 1, found.end_col), hover = hover.contents.value,
    labels = vim.tbl_map(function(item) return item.label end, complete.items),
    outside = request(client, "textDocument/completion", 0, 0).items,
  }
end

local function main()
  await("a client", function() return #vim.lsp.get_clients({ name = "tat" }) == 1 end)
  local client = vim.lsp.get_clients({ name = "tat" })[1]
  told.inline = client:supports_method("textDocument/inlineCompletion")
  await("the model", function() return told.loaded end)
  await("a diagnostic", function() return #vim.diagnostic.get(0) == 1 end)
  local found = vim.diagnostic.get(0)[1]
  told.diagnostic = { line = found.lnum, column = found.col, message = found.message, source = found.source }
  told.hover = request(client, "textDocument/hover", 7, 5).contents.value
  told.definition = request(client, "textDocument/definition", 8, 18).range.start.line
  told.labels = vim.tbl_map(function(item) return item.label end,
    request(client, "textDocument/completion", 8, 17).items)
  -- The line with the error goes, and a new one is begun in insert mode.
  vim.api.nvim_buf_set_lines(0, 8, 9, false, { "    " })
  await("no diagnostic", function() return #vim.diagnostic.get(0) == 0 or vim.diagnostic.get(0)[1].lnum ~= 8 end)
  vim.api.nvim_win_set_cursor(0, { 9, 4 })
  vim.cmd("startinsert!")
  await("insert mode", function() return vim.api.nvim_get_mode().mode == "i" end)
  await("a proposal", function() return vim.lsp.inline_completion.get() end)
  await("its text", function() return vim.api.nvim_get_current_line():find("return") end)
  told.line = vim.api.nvim_get_current_line()
  await("a valid module", function() return #vim.diagnostic.get(0) == 0 end)
  told.hosts = vim.tbl_map(of_host, vim.json.decode(vim.env.EDITOR_HOSTS))
  finish()
end

vim.api.nvim_create_autocmd("LspProgress", { callback = function(event)
  if event.data.params.value.kind == "end" then told.loaded = true end
end })
driving.run(main)
