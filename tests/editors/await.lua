-- What the scripts of this folder share, which drive an editor: waiting, and telling the test.
local told = { errors = {} }
local seconds = tonumber(vim.env.TEST_SECONDS or "60")

-- Writes `told` to $EDITOR_TOLD and ends the editor.
local function finish()
  told.messages = vim.api.nvim_exec2("messages", { output = true }).output
  local file = assert(io.open(vim.env.EDITOR_TOLD, "w"))
  file:write(vim.json.encode(told))
  file:close()
  vim.cmd("qa!")
end

-- Goes on with the coroutine once `ready` is true, after pressing `keys`; the editor's loop runs
-- meanwhile. What never becomes true is an error under the name `what`.
local function await(what, ready, keys)
  local step = coroutine.running()
  local ends = vim.uv.now() + 1000 * seconds
  local function look()
    local fine, value = pcall(ready)
    if fine and value then
      coroutine.resume(step)
    elseif vim.uv.now() > ends then
      table.insert(told.errors, what .. ": " .. (fine and "never" or tostring(value)))
      finish()
    else
      vim.defer_fn(look, 20)
    end
  end
  if keys then vim.api.nvim_input(keys) end
  vim.defer_fn(look, 20)
  coroutine.yield()
end

-- Runs `main` as a coroutine; an error in it is told.
local function run(main)
  coroutine.resume(coroutine.create(function()
    local fine, problem = xpcall(main, debug.traceback)
    if not fine then
      table.insert(told.errors, problem)
      finish()
    end
  end))
end

return { told = told, seconds = seconds, finish = finish, await = await, run = run }
