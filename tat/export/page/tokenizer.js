'use strict';

// Byte-level BPE as tat/data/tokenizer.py has it. Bytes are the characters of a "binary string".
class Tokenizer {
  // merges: ids of pairs, one after another; special: ids by name.
  constructor(merges, special) {
    this.special = special;
    this.firstByte = Object.keys(special).length;
    this.texts = Array(this.firstByte).fill('');
    for (let byte = 0; byte < 256; byte++) this.texts.push(String.fromCharCode(byte));
    this.merged = new Map();
    for (let i = 0; i < merges.length; i += 2) {
      this.merged.set(merges[i] * 65536 + merges[i + 1], this.texts.length);
      this.texts.push(this.texts[merges[i]] + this.texts[merges[i + 1]]);
    }
  }

  static PIECE = new RegExp([
    '[ ]?[A-Za-z_\\x80-\\xff][A-Za-z0-9_\\x80-\\xff]{0,63}',
    '[ ]?[0-9][A-Za-z0-9_.]{0,63}',
    '[ ]?[^A-Za-z0-9_\\x80-\\xff \\t\\r\\n]{1,64}',
    '[\\r\\n]{1,32}[ \\t]{0,32}',
    '[ \\t]{1,64}(?=[ ][^ \\t\\r\\n])',
    '[ \\t]{1,64}',
  ].join('|'), 'g');

  encode(text) {
    return (this.bytes(text).match(Tokenizer.PIECE) ?? []).flatMap((piece) => this.merge(piece));
  }

  // A text's bytes in UTF-8.
  bytes(text) {
    let binary = '';
    for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte);
    return binary;
  }

  // The earliest merge first, of its places the leftmost.
  merge(piece) {
    const ids = Array.from(piece, (char) => this.firstByte + char.charCodeAt(0));
    while (ids.length > 1) {
      let best = Infinity, at = 0;
      for (let i = 0; i + 1 < ids.length; i++) {
        const token = this.merged.get(ids[i] * 65536 + ids[i + 1]) ?? Infinity;
        if (token < best) [best, at] = [token, i];
      }
      if (best === Infinity) break;
      ids.splice(at, 2, best);
    }
    return ids;
  }

  decode(ids, fatal = false) {
    const binary = ids.map((id) => this.texts[id]).join('');
    return new TextDecoder('utf-8', { fatal }).decode(
      Uint8Array.from(binary, (char) => char.charCodeAt(0)));
  }

  // Whether tokens end within a character.
  splits(ids) {
    try { this.decode(ids, true); } catch { return true; }
    return false;
  }

  // A request in the order of training's parts; empty ones are left out, but for a gap's.
  source({ description = '', signature = '', context = '', prefix = '', suffix = '' }) {
    if (prefix || suffix) {
      return [['PREFIX', prefix], ['SUFFIX', suffix]].flatMap(([marker, text]) =>
        [this.special[marker], ...this.encode(asRead(text))]);
    }
    const words = description.split(/\s+/).filter(Boolean).join(' ');
    const parts = [['COMMENT', words], ['SIGNATURE', signature], ['CONTEXT', context]];
    return parts
      .map(([marker, text]) => [marker, asRead(text).trim()])
      .map(([marker, text]) => [marker, marker === 'CONTEXT' ? membersApart(text) : text])
      .filter(([, text]) => text)
      .flatMap(([marker, text]) => [this.special[marker], ...this.encode(text)]);
  }
}

// Text that people give, as training reads it: no byte order mark, and LF alone.
function asRead(text) {
  return text.replace(/^\ufeff/, '').replaceAll('\r\n', '\n');
}

const STRUCT = /(^|[\n;}])([ \t]*struct[ \t]+[^ \t\n{}]+[ \t]*\{)((?:(?!\/\/)[^{}\n])*)(?=\})/g;

// Declarations, of which each struct on one line has a line for each member instead, as
// tat/wgsl/members.py has it.
function membersApart(text) {
  return text.replace(STRUCT, (whole, before, head, inside) => {
    const members = [''];
    let depth = 0;
    for (const character of inside) {
      depth += { '<': 1, '(': 1, '>': -1, ')': -1 }[character] ?? 0;
      members[members.length - 1] += character;
      if (character === ',' && !depth) members.push('');
    }
    const lines = members.map((member) => member.replace(/^[ \t]+|[ \t]+$/g, '')).filter(Boolean)
      .map((member) => `    ${member}\n`);
    return lines.length ? `${before}${head}\n${lines.join('')}` : whole;
  });
}
