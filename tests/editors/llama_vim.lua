-- llama.vim against `tat serve`: run by tests/test_serve_llama_vim.py, which reads what is written to
-- $EDITOR_TOLD. The plugin is the one of $LLAMA_VIM; all is done by keys, as at a terminal.
local script = debug.getinfo(1, "S").source:sub(2)
local driving = dofile(vim.fs.joinpath(vim.fs.dirname(script), "await.lua"))
local told, await, finish = driving.told, driving.await, driving.finish

vim.opt.runtimepath:prepend(vim.env.LLAMA_VIM)
vim.g.llama_config = { endpoint = vim.env.EDITOR_ADDRESS .. "/infill", auto_fim = true }

local function shown()
  local space = vim.api.nvim_get_namespaces().vt_fim
  for _, mark in ipairs(space and vim.api.nvim_buf_get_extmarks(0, space, 0, -1, { details = true }) or {}) do
    if mark[4].virt_text and vim.trim(mark[4].virt_text[1][1]) ~= "" then
      return mark[4].virt_text[1][1], mark[4].virt_text[2][1]
    end
  end
end

-- What is shown once the line of the cursor is this one.
local function shown_at(line)
  return function() return vim.api.nvim_get_current_line() == line and shown() end
end

-- At the end of a line that was begun, then on a blank one.
local function main()
  await("insert mode", function() return vim.api.nvim_get_mode().mode == "i" end, "4GA")
  await("a hint", shown_at("    return "), " ")
  told.hint, told.info = shown()
  await("the line", function() return vim.fn.getline(4) ~= "    return " end, "<S-Tab>")
  told.line = vim.fn.getline(4) -- the cursor may be a line further
  local read = "<Esc>:%d<CR>:read " .. vim.env.EDITOR_BLANK .. "<CR>4GA"
  await("a hint on a blank line", shown_at("    "), read .. "x<BS>")
  told.blank_hint = shown()
  await("the blank line", function() return vim.fn.getline(4) ~= "    " end, "<S-Tab>")
  told.blank = vim.fn.getline(4)
  finish()
end

vim.api.nvim_create_autocmd("VimEnter", { callback = function() driving.run(main) end })
