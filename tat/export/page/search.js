// Search among the functions that travel with the page: BM25 over words of name, signature and
// comment.

function wordsOf(text) {
  return text.replace(/([a-z0-9])([A-Z])/g, '$1 $2').toLowerCase().match(/[a-z]+|[0-9]+/g) ?? [];
}

class Search {
  // functions: name, signature, comment, text, file, line and licence each.
  constructor(functions) {
    this.functions = functions;
    this.places = new Map(); // of each word: how often in which function
    this.lengths = functions.map(({ name, signature, comment }, i) => {
      const words = wordsOf(`${name} ${signature} ${comment}`);
      for (const word of words) {
        if (!this.places.has(word)) this.places.set(word, new Map());
        const counts = this.places.get(word);
        counts.set(i, (counts.get(i) ?? 0) + 1);
      }
      return words.length;
    });
    this.mean = this.lengths.reduce((a, b) => a + b, 0) / Math.max(1, functions.length);
  }

  find(query, top = 5) {
    const scores = new Map();
    for (const word of new Set(wordsOf(query))) {
      const counts = this.places.get(word);
      if (!counts) continue;
      const rarity = Math.log(1 + (this.functions.length - counts.size + 0.5) / (counts.size + 0.5));
      for (const [i, count] of counts) {
        const most = count + 1.2 * (0.25 + 0.75 * this.lengths[i] / this.mean);
        scores.set(i, (scores.get(i) ?? 0) + rarity * count * 2.2 / most);
      }
    }
    return [...scores].sort((a, b) => b[1] - a[1]).slice(0, top).map(([i]) => this.functions[i]);
  }
}
