-- What PDF and Word share: HTML becomes tables and drawings, and every column of a table gets a width.

return function(report)
  local shared = {}

  -- raw HTML of the toolkit: tables and drawings (the renderer put an image in the place of each drawing)
  -- tables are written at once: they are long, and none of the later passes has anything to do in them
  function shared.raw(pagebreak, write_table)
    return function(block)
      if block.format ~= 'html' then return nil end
      local text = block.text
      if text:match('^%s*$') or text:match('^%s*<!%-%-.-%-%->%s*$') then return {} end
      if text:find('break-after: page', 1, true) then return pagebreak end
      if text:find('<table', 1, true) or text:find('<img', 1, true) then
        local blocks = pandoc.Blocks{}
        for _, b in ipairs(pandoc.read(text, 'html').blocks) do
          local title = b.t == 'Div' and b.attributes['aria-label'] or ''
          for _, inner in ipairs(b.t == 'Div' and not b.classes:includes('flow-step') and b.content or {b}) do
            if inner.t == 'Table' then blocks:extend(pandoc.Blocks(write_table(inner, title))) else blocks:insert(inner) end
          end
        end
        return blocks
      end
      report('raw', text:match('[^\n]+'))
    end
  end

  -- widths, in em of the letters of the table: those of Noto Sans, in hundredths, from the space to the tilde
  local ADVANCES = {26, 27, 41, 65, 57, 83, 73, 22, 30, 30, 55, 57, 27, 32, 27, 37, 57, 57, 57, 57, 57, 57, 57, 57, 57, 57, 27, 27, 57, 57,
    57, 43, 90, 64, 65, 63, 73, 56, 52, 73, 74, 34, 27, 62, 52, 91, 76, 78, 60, 78, 62, 55, 56, 73, 60, 93, 59, 57, 57, 33, 37, 33, 57, 44,
    28, 56, 62, 48, 62, 56, 34, 62, 62, 26, 26, 53, 26, 94, 62, 60, 62, 62, 41, 48, 36, 62, 51, 79, 53, 51, 47, 38, 55, 38}
  local SPACES = {[0xA0] = 26, [0x202F] = 17}
  local OTHER, LAO, WIDER, BOLD = 60, 63, 102, 1.07  -- other letters; those of Lao; of scripts with square letters; of heads
  local MARKS = {[0x0EB1] = true}
  for code = 0x0EB4, 0x0EBC do MARKS[code] = true end
  for code = 0x0EC8, 0x0ECE do MARKS[code] = true end
  local function length(text)  -- its width, and whether some letters are Lao, which breaks without spaces
    local hundredths, lao = 0, false
    for _, code in utf8.codes(text) do
      local of_lao = code >= 0x0E80 and code <= 0x0EFF
      lao = lao or of_lao
      if not MARKS[code] then
        hundredths = hundredths + (ADVANCES[code - 31] or SPACES[code] or (of_lao and LAO) or (code > 0x2E7F and WIDER) or OTHER)
      end
    end
    return hundredths / 100, lao
  end
  -- What stands in a cell, read once: lines of runs, each a text with what it is (`b`old, `i`talic, `sup`, `code`,
  -- `href`); a line that only explains is `soft`.
  local KINDS = {Strong = 'b', Emph = 'i', Superscript = 'sup'}
  local function lines_of(blocks, soft_cell)
    local lines = {}
    local function add_inlines(inlines, line, flags)
      for _, i in ipairs(inlines) do
        local kind = i.t
        local text = (kind == 'Str' and i.text) or ((kind == 'Space' or kind == 'SoftBreak') and ' ') or (kind == 'LineBreak' and ' ')
        if text then
          local last = line[#line]
          if last and last.flags == flags then last.text = last.text .. text
          else line[#line + 1] = {text = text, flags = flags} end
        elseif kind == 'Code' then line[#line + 1] = {text = i.text, flags = {code = true}}
        elseif i.content then
          local inner = flags
          if KINDS[kind] or kind == 'Link' then
            inner = {}
            for k, v in pairs(flags) do inner[k] = v end
            if kind == 'Link' then inner.href = i.target else inner[KINDS[kind]] = true end
          end
          add_inlines(i.content, line, inner)
        else line[#line + 1] = {text = pandoc.utils.stringify(i), flags = flags} end
      end
    end
    local function add(some, soft)
      for _, b in ipairs(some) do
        if b.t == 'Div' then add(b.content, soft or b.classes:includes('why'))
        else
          local line = {soft = soft}
          add_inlines((b.t == 'Plain' or b.t == 'Para') and b.content or pandoc.utils.blocks_to_inlines({b}), line, {})
          local words = {}
          for k, run in ipairs(line) do words[k] = run.text end
          line.text = table.concat(words)
          lines[#lines + 1] = line
        end
      end
    end
    add(blocks, soft_cell)
    return lines
  end
  local SPARE = 1.03  -- another machine's letters may be a little wider
  local function needs(lines, bold, breaks)  -- the least width of a cell, and the width of its longest line
    local least, natural, letter = 0, 0, SPARE * (bold and BOLD or 1)
    for _, line in ipairs(lines) do
      natural = math.max(natural, (length(line.text)) * letter)
      for word in line.text:gmatch(breaks and '[^ \t\n/]+' or '[^\n]+') do
        local long, lao = length(word)
        least = math.max(least, math.min(long, lao and breaks and 5 or breaks and 13.5 or 55) * letter)
      end
    end
    return least, natural
  end

  -- Widths of columns whose text has to wrap: from the `least` ones on, what is `free` goes piece by piece to the column that
  -- most lessens the height of the table, a row being about as high as its deepest cell. No column gets more than its `full`.
  local PIECES, DEEPEST = 40, 4
  local function shared_out(rows, least, full, free, pad)
    local widths, of, height = {}, {}, {}
    for c, width in ipairs(least) do widths[c], of[c] = width, {} end
    local function high(cell, more)  -- lines of print, to the power in which a row adds them up
      local width = more - pad
      for c = cell.column, cell.column + cell.colspan - 1 do width = width + widths[c] end
      return math.max(1, cell.long / width) ^ DEEPEST
    end
    for r, row in ipairs(rows) do
      height[r] = 0
      for _, cell in ipairs(row.group and {} or row.cells) do
        cell.row, cell.long = r, 0
        for _, line in ipairs(cell.lines) do cell.long = cell.long + length(line.text) * SPARE * (row.where == 'head' and BOLD or 1) end
        for c = cell.column, cell.column + cell.colspan - 1 do of[c][#of[c] + 1] = cell end
        height[r] = height[r] + high(cell, 0)
      end
    end
    for _ = 1, PIECES do
      local best, gain, piece = 0, 1e-6, 0
      for c = 1, #least do
        local more, won = math.min(free / PIECES, full[c] - widths[c]), 0
        for _, cell in ipairs(more > 0 and of[c] or {}) do
          local now = height[cell.row]
          won = won + now ^ (1 / DEEPEST) - (now - high(cell, 0) + high(cell, more)) ^ (1 / DEEPEST)
        end
        if won > gain then best, gain, piece = c, won, more end
      end
      if best == 0 then break end
      for _, cell in ipairs(of[best]) do height[cell.row] = height[cell.row] - high(cell, 0) + high(cell, piece) end
      widths[best] = widths[best] + piece
    end
    return widths
  end

  -- the least width in which a head takes two lines
  local function in_two(lines)
    local widest = 0
    for _, line in ipairs(lines) do
      local best = (length(line.text))
      for at in line.text:gmatch('() ') do best = math.min(best, math.max((length(line.text:sub(1, at - 1))), (length(line.text:sub(at + 1))))) end
      widest = math.max(widest, best)
    end
    return widest * SPARE * BOLD
  end

  -- A table laid out: `rows` of cells with `column`, `colspan`, `rowspan`, `align`, `lines`; `head` rows come first;
  -- `widths` as parts of one; `size` by which letters must shrink so that no word is cut; `high`, its lines of print.
  function shared.lay_out(t, room)
    local n = #t.colspecs
    local taken, rows = {}, {}
    local out = {rows = rows, head = #t.head.rows, n = n, grouped = true}
    local least, natural, spans = {}, {}, {}
    for c = 1, n do least[c], natural[c] = 1, 1 end
    local function add(row, where)
      local line = {where = where, group = row.attr.classes:includes('group'), cells = {}}
      rows[#rows + 1] = line
      local r, c = #rows, 1
      for _, cell in ipairs(row.cells) do
        while taken[r .. ',' .. c] do c = c + 1 end
        local classes = cell.attr.classes
        local spec = t.colspecs[c] and t.colspecs[c][1]
        local align = (classes:includes('right') or cell.alignment == 'AlignRight' or spec == 'AlignRight') and 'right'
          or classes:includes('spanner') and 'center' or 'left'
        local placed = {column = c, colspan = cell.col_span, rowspan = cell.row_span, align = align,
          lines = lines_of(cell.contents, classes:includes('words') or nil), words = classes:includes('words')}
        line.cells[#line.cells + 1] = placed
        for i = 0, cell.row_span - 1 do
          for j = 0, cell.col_span - 1 do taken[(r + i) .. ',' .. (c + j)] = true end
        end
        if not line.group then
          local head = where == 'head'
          local low, full = needs(placed.lines, head, head or align ~= 'right' or placed.words)
          local two = head and in_two(placed.lines)
          if cell.col_span == 1 then
            if head and full > 9 then full = two end
            least[c], natural[c] = math.max(least[c], low), math.max(natural[c], full)
          else
            spans[#spans + 1] = {c, cell.col_span, low, full, two or full}
          end
        end
        c = c + cell.col_span
      end
    end
    for _, row in ipairs(t.head.rows) do add(row, 'head') end
    local headed = false
    for _, body in ipairs(t.bodies) do
      local first = (body.head and body.head[1]) or body.body[1]
      local group = first ~= nil and first.attr.classes:includes('group')
      out.grouped, headed = out.grouped and (group or not headed), headed or group  -- rows without a heading may only come first
      for _, row in ipairs(body.head or {}) do add(row, 'body') end
      for _, row in ipairs(body.body) do add(row, 'body') end
    end
    for _, row in ipairs(t.foot.rows) do add(row, 'body') end
    local pad, sum_least, sum_natural = n > 8 and 1 or 1.5, 0, 0  -- between columns; many stand closer
    out.pad = pad
    for _, span in ipairs(spans) do
      local have = (span[2] - 1) * pad
      for c = span[1], span[1] + span[2] - 1 do have = have + least[c] end
      for c = span[1], span[1] + span[2] - 1 do
        if have < span[3] then least[c] = least[c] + (span[3] - have) / span[2] end
      end
    end
    local whole = {}
    for c = 1, n do
      least[c] = least[c] + pad
      whole[c] = math.max(least[c], natural[c] + pad)
      local full = natural[c] > 30 and 30 + math.min(natural[c] - 30, 160) / 2 or natural[c]  -- long text takes several lines
      natural[c] = math.max(least[c], full + pad)
      sum_least, sum_natural = sum_least + least[c], sum_natural + natural[c]
    end
    local function widen(span, wish, always)
      local lacks = wish + pad
      for c = span[1], span[1] + span[2] - 1 do lacks = lacks - natural[c] end
      if lacks > 0 and (always or sum_natural + lacks <= room) then
        sum_natural = sum_natural + lacks
        for c = span[1], span[1] + span[2] - 1 do natural[c] = natural[c] + lacks / span[2] end
      end
    end
    -- a heading of several columns on two lines, or on one where no row needs that room
    for _, span in ipairs(spans) do widen(span, span[5], true) end
    for _, span in ipairs(spans) do widen(span, span[4], false) end
    for c = 1, n do whole[c] = math.max(whole[c], natural[c]) end
    out.size = math.min(1, room / sum_least)
    local free = math.max(room - sum_least, 0)
    out.widths = {}
    local wrapped = sum_natural > room and free > 0 and shared_out(rows, least, whole, free, pad)
    local sum = 0
    for c = 1, n do
      out.widths[c] = wrapped and wrapped[c] or sum_natural <= room and natural[c] or least[c]
      sum = sum + out.widths[c]
    end
    for c = 1, n do out.widths[c] = out.widths[c] / sum end
    out.high = 0
    for _, line in ipairs(rows) do
      local deepest = 1
      for _, cell in ipairs(line.cells) do
        local width, high = -pad, 0
        for c = cell.column, cell.column + cell.colspan - 1 do width = width + out.widths[c] * room / out.size end
        for _, text in ipairs(cell.lines) do
          high = high + math.max(1, math.ceil(length(text.text) * (line.where == 'head' and BOLD or 1) / math.max(width, 1)))
        end
        if cell.rowspan == 1 then deepest = math.max(deepest, high) end
      end
      out.high = out.high + deepest
    end
    return out
  end

  -- the list of contents stands after the first chapter, the summary, so that this is on the first page
  function shared.with_contents(doc, contents)
    local seen, at = 0, 1
    for i, b in ipairs(doc.blocks) do
      if b.t == 'Header' and b.level == 1 then
        seen = seen + 1
        if seen == 2 then at = i; break end
      end
    end
    if seen == 0 then return doc end
    for i, b in ipairs(contents) do doc.blocks:insert(at + i - 1, b) end
    return doc
  end

  return shared
end
