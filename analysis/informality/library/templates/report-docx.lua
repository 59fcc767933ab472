-- How the report is written for Word. Tables are written here, since pandoc's would have no head that repeats over
-- several rows, no merged heads with lines, and no styles of their own. With `review` in the metadata every paragraph
-- and table gets a number, and every chapter ends with a sheet for comments.

return function(report, part, words)
  local shared = part('printed')(report, part)
  local write = {}
  local ROOM, WIDTH = 56, 9526  -- em of table letters in a line; the same in twentieths of a point
  local function xml(text) return pandoc.RawBlock('openxml', text) end
  local function run(text) return pandoc.RawInline('openxml', text) end
  local function escaped(text)
    return (text:gsub('[%z\1-\8\11\12\14-\31]', ' '):gsub('&', '&amp;'):gsub('<', '&lt;'):gsub('>', '&gt;'):gsub('"', '&quot;'))
  end
  local function styled(style, blocks) return pandoc.Div(blocks, pandoc.Attr('', {}, {['custom-style'] = style})) end

  function write.raw_inline(r) if r.format == 'html' then report('raw', r.text) end end
  function write.header(h) return h end

  function write.callout(kind, title, folded, content)
    local out = pandoc.Blocks{styled('Callout Title', {pandoc.Para(title)})}
    out:extend(folded and content or {styled('Callout', content)})
    return out
  end

  -- a number Word knows as one of its own, so that a list of tables can be made there
  local function sequence(name, number)
    return run(('<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText xml:space="preserve"> SEQ %s \\* ARABIC </w:instrText></w:r>'
      .. '<w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>%s</w:t></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>'):format(name, number))
  end
  function write.numbered(id, kind, name, number, caption, blocks)
    local title = pandoc.Inlines{
      pandoc.Span({pandoc.Str(name .. '\u{a0}'), sequence(name, number), pandoc.Str('.')}, pandoc.Attr(id)), pandoc.Space()}
    title:extend(caption)
    local out = pandoc.Blocks{styled(kind == 'tbl' and 'Table Caption' or 'Image Caption', {pandoc.Para(title)})}
    local function drawn(b) return (b.t == 'Para' or b.t == 'Plain') and #b.content == 1 and b.content[1].t == 'Image' end
    local style = #blocks:filter(drawn) > 1 and 'Drawing' or 'Figure'  -- of many, each may stand on a page of its own
    for _, b in ipairs(blocks) do out:insert(drawn(b) and styled(style, {b}) or b) end
    return out
  end

  function write.image(i, alt, of)
    local width = (of['image-widths'] or {})[i.src]
    i.attributes = {width = width and pandoc.utils.stringify(width) or '100%'}
    i.caption = pandoc.Inlines{pandoc.Str(alt)}
    i.title = ''
    if i.src:match('%.svg$') then i.src = i.src .. '.png' end
    return i
  end

  -- tables
  local function runs(line, size)
    local parts = {}
    for k, run in ipairs(line) do
      local flags = run.flags
      local properties = (flags.b and '<w:b/><w:bCs/>' or '') .. (flags.i and '<w:i/><w:iCs/>' or '')
        .. (line.soft and '<w:color w:val="55606B"/>' or '') .. size .. (flags.sup and '<w:vertAlign w:val="superscript"/>' or '')
      parts[k] = '<w:r>' .. (properties ~= '' and '<w:rPr>' .. properties .. '</w:rPr>' or '')
        .. '<w:t xml:space="preserve">' .. escaped(run.text) .. '</w:t></w:r>'
    end
    return table.concat(parts)
  end
  local ALIGN = {right = 'right', center = 'center', left = 'left'}
  local function cell_of(cell, line, laid, last)
    local style = line.where == 'head' and 'TableHead' or line.group and 'TableGroup' or 'TableText'
    local width = 0
    for c = cell.column, cell.column + cell.colspan - 1 do width = width + laid.twips[c] end
    local tc = '<w:tcW w:w="' .. width .. '" w:type="dxa"/>'
    if cell.colspan > 1 then tc = tc .. '<w:gridSpan w:val="' .. cell.colspan .. '"/>' end
    if cell.merge then tc = tc .. '<w:vMerge' .. (cell.merge == 'first' and ' w:val="restart"' or '') .. '/>' end
    if line.where == 'head' and last then tc = tc .. '<w:tcBorders><w:bottom w:val="single" w:sz="6" w:space="0" w:color="1D2329"/></w:tcBorders>' end
    if line.group then tc = tc .. '<w:shd w:val="clear" w:color="auto" w:fill="F5F7F9"/>' end
    if line.where == 'head' then tc = tc .. '<w:vAlign w:val="bottom"/>' end
    local ppr = '<w:pStyle w:val="' .. style .. '"/>'
    if line.group then ppr = ppr .. '<w:keepNext/>' end
    if line.keep and not line.group then ppr = ppr .. '<w:keepNext/>' end
    if cell.align ~= 'left' then ppr = ppr .. '<w:jc w:val="' .. ALIGN[cell.align] .. '"/>' end
    local size = laid.size < 0.99 and ('<w:sz w:val="%d"/><w:szCs w:val="%d"/>'):format(math.floor(17 * laid.size), math.floor(17 * laid.size)) or ''
    local paragraphs = {}
    for k, text in ipairs(cell.lines) do
      paragraphs[k] = '<w:p><w:pPr>' .. ppr .. '</w:pPr>' .. runs(text, size) .. '</w:p>'
    end
    if #paragraphs == 0 then paragraphs[1] = '<w:p><w:pPr>' .. ppr .. '</w:pPr></w:p>' end
    return '<w:tc><w:tcPr>' .. tc .. '</w:tcPr>' .. table.concat(paragraphs) .. '</w:tc>'
  end
  -- Word wants a cell in every row that a merged cell crosses
  local function with_merged(rows)
    local below = {}
    for r, line in ipairs(rows) do
      for _, cell in ipairs(line.cells) do
        if cell.rowspan > 1 then
          cell.merge = 'first'
          for k = 1, cell.rowspan - 1 do
            below[r + k] = below[r + k] or {}
            table.insert(below[r + k], {column = cell.column, colspan = cell.colspan, rowspan = 1, align = 'left', lines = {}, merge = 'next'})
          end
        end
      end
      for _, cell in ipairs(below[r] or {}) do table.insert(line.cells, cell) end
      table.sort(line.cells, function(a, b) return a.column < b.column end)
    end
  end
  function write.table(t, title)
    local laid = shared.lay_out(t, ROOM)
    laid.twips = {}
    local parts = {}
    for c, width in ipairs(laid.widths) do laid.twips[c] = math.floor(width * WIDTH + 0.5) end
    with_merged(laid.rows)
    parts[1] = '<w:tbl><w:tblPr><w:tblStyle w:val="ReportTable"/><w:tblW w:w="' .. WIDTH .. '" w:type="dxa"/><w:tblLayout w:type="fixed"/>'
      .. '<w:tblLook w:val="0420" w:firstRow="1" w:lastRow="0" w:firstColumn="0" w:lastColumn="0" w:noHBand="0" w:noVBand="1"/>'
      .. (title and title ~= '' and '<w:tblCaption w:val="' .. escaped(title) .. '"/>' or '') .. '</w:tblPr><w:tblGrid>'
    for c = 1, laid.n do parts[#parts + 1] = '<w:gridCol w:w="' .. laid.twips[c] .. '"/>' end
    parts[#parts + 1] = '</w:tblGrid>'
    local short = laid.high <= 24
    for r, line in ipairs(laid.rows) do
      line.keep = line.where == 'head' or short or r > #laid.rows - 2  -- the last rows stay with the notes below
      local cells = {}
      for i, cell in ipairs(line.cells) do
        cells[i] = cell_of(cell, line, laid, r + cell.rowspan - 1 == laid.head or (cell.merge == 'next' and r == laid.head))
      end
      parts[#parts + 1] = '<w:tr><w:trPr><w:cantSplit/>' .. (line.where == 'head' and '<w:tblHeader/>' or '') .. '</w:trPr>'
        .. table.concat(cells) .. '</w:tr>'
    end
    parts[#parts + 1] = '</w:tbl>'
    local after = title and pandoc.Blocks{} or pandoc.Blocks{xml('<w:p><w:pPr><w:pStyle w:val="TableNote"/></w:pPr></w:p>')}
    return pandoc.Blocks{xml(table.concat(parts))} .. after
  end

  -- its own line is as low as can be, for Word begins the new page with it
  write.raw = shared.raw(xml('<w:p><w:pPr><w:spacing w:before="0" w:after="0" w:line="20" w:lineRule="exact"/></w:pPr><w:r><w:br w:type="page"/></w:r></w:p>'), write.table)

  -- the list of contents: written out, and a field that Word fills with page numbers when it is asked to
  local function contents(doc)
    local entries = pandoc.Blocks{}
    for _, b in ipairs(doc.blocks) do
      if b.t == 'Header' and b.level <= 2 and not b.classes:includes('unlisted') then
        entries:insert(styled('toc ' .. b.level, {pandoc.Para{pandoc.Link(pandoc.utils.stringify(b.content), '#' .. b.identifier)}}))
      end
    end
    if #entries == 0 then return doc end
    local first, last = entries[1].content[1].content, entries[#entries].content[1].content
    first:insert(1, run('<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText xml:space="preserve"> TOC \\o "1-2" \\h \\z \\u </w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>'))
    last:insert(run('<w:r><w:fldChar w:fldCharType="end"/></w:r>'))
    entries:insert(1, styled('TOC Heading', {pandoc.Para(words('contents'))}))
    return shared.with_contents(doc, entries)
  end

  -- the review copy
  local NUMBERED = 0
  local function number()
    NUMBERED = NUMBERED + 1
    return pandoc.Span({pandoc.Str('[' .. NUMBERED .. ']'), pandoc.Space()}, pandoc.Attr('', {}, {['custom-style'] = 'Paragraph Number'}))
  end
  local function paragraph(p)
    if #p.content == 0 or (#p.content == 1 and p.content[1].t == 'Image') then return nil end
    p.content:insert(1, number())
    return p
  end
  local COLUMNS = {{'review-place', 1400}, {'review-comment', 3326}, {'review-proposal', 2500}, {'review-who', 1100}, {'review-agreed', 1200}}
  local function sheet(title, first, last)
    local function row(cells, head, last)
      local parts = {}
      for i, text in ipairs(cells) do
        parts[i] = ('<w:tc><w:tcPr><w:tcW w:w="%d" w:type="dxa"/></w:tcPr><w:p><w:pPr><w:pStyle w:val="%s"/>%s</w:pPr>%s</w:p></w:tc>'):format(
          COLUMNS[i][2], head and 'TableHead' or 'TableText', last and '' or '<w:keepNext/>', text ~= '' and '<w:r><w:t>' .. escaped(text) .. '</w:t></w:r>' or '')
      end
      local height = head and '<w:tblHeader/>' or '<w:trHeight w:val="620" w:hRule="atLeast"/>'
      return '<w:tr><w:trPr><w:cantSplit/>' .. height .. '</w:trPr>' .. table.concat(parts) .. '</w:tr>'
    end
    local parts = {'<w:tbl><w:tblPr><w:tblStyle w:val="CommentSheet"/><w:tblW w:w="' .. WIDTH .. '" w:type="dxa"/><w:tblLayout w:type="fixed"/>'
      .. '<w:tblLook w:val="0420" w:firstRow="1" w:lastRow="0" w:firstColumn="0" w:lastColumn="0" w:noHBand="0" w:noVBand="1"/><w:tblCaption w:val="' .. escaped(words('review-sheet')) .. '"/></w:tblPr><w:tblGrid>'}
    local heads = {}
    for i, column in ipairs(COLUMNS) do
      heads[i] = words(column[1])
      parts[#parts + 1] = '<w:gridCol w:w="' .. column[2] .. '"/>'
    end
    parts[#parts + 1] = '</w:tblGrid>' .. row(heads, true)
    for n = 1, 5 do parts[#parts + 1] = row({'', '', '', '', ''}, false, n == 5) end
    parts[#parts + 1] = '</w:tbl><w:p><w:pPr><w:pStyle w:val="TableNote"/></w:pPr></w:p>'
    local said = words('review-title'):gsub('{(%w+)}', {title = title, first = tostring(first), last = tostring(last)})
    return pandoc.Blocks{styled('Comment Title', {pandoc.Para(said)}), xml(table.concat(parts))}
  end
  local function reviewed(doc)
    local out, title, first = pandoc.Blocks{}, nil, 1
    local function close()
      if title and NUMBERED >= first then out:extend(sheet(title, first, NUMBERED)) end
      first = NUMBERED + 1
    end
    for _, b in ipairs(doc.blocks) do
      if b.t == 'Header' and b.level == 1 then close(); title = pandoc.utils.stringify(b.content) end
      if b.t == 'Para' or b.t == 'Plain' then out:insert(paragraph(b) or b)
      else
        if b.t == 'RawBlock' and b.text:find('^<w:tbl>') and not b.text:find('<w:tblCaption', 1, true) then
          out:insert(styled('Table Note', {pandoc.Para{number(), pandoc.Str(words('table'))}}))
        end
        out:insert(b:walk{Para = paragraph, Plain = paragraph})
      end
    end
    close()
    doc.blocks = out
    return doc
  end

  local STYLES = {absent = 'Callout', summary = 'Summary', ['flow-step'] = 'Table Head'}
  local function notes(paragraphs)  -- all but the last go with the next
    local out, last = pandoc.Blocks{}, paragraphs:remove()
    if #paragraphs > 0 then out:insert(styled('Table Note Kept', paragraphs)) end
    if last then out:insert(styled('Table Note', {last})) end
    return out
  end
  write.last = {
    {Div = function(div)
      if div.classes:includes('note-below') then return notes(div.content) end
      for class, style in pairs(STYLES) do
        if div.classes:includes(class) then return styled(style, div.content) end
      end
    end},
    {Pandoc = function(doc)
      if doc.meta.review then doc = reviewed(doc) end
      if not doc.meta['own-contents'] then doc = contents(doc) end
      local front = pandoc.Blocks{}
      if doc.meta['survey-line'] then front:insert(styled('Survey', {pandoc.Para(doc.meta['survey-line'])})) end
      if doc.meta['language-line'] then front:insert(styled('Survey', {pandoc.Para(doc.meta['language-line'])})) end
      if doc.meta.review then
        front:insert(styled('Survey', {pandoc.Para(words('review-copy'))}))
      end
      doc.blocks = front .. doc.blocks
      return doc
    end},
  }
  return write
end
