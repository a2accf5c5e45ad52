// Character references to characters. The common names only; the rest stays as it was written.

const table = (
  'amp & lt < gt > quot " apos \' nbsp \u00a0 copy © reg ® trade ™ hellip … mdash — ndash – shy \u00ad lsquo ‘ rsquo ’ sbquo ‚ ldquo “ rdquo ” bdquo „ ' +
  'laquo « raquo » bull • middot · deg ° plusmn ± times × divide ÷ frac12 ½ frac14 ¼ frac34 ¾ sup1 ¹ sup2 ² sup3 ³ micro µ para ¶ sect § ' +
  'cent ¢ pound £ yen ¥ euro € larr ← uarr ↑ rarr → darr ↓ harr ↔ rArr ⇒ hArr ⇔ le ≤ ge ≥ ne ≠ equiv ≡ asymp ≈ infin ∞ minus − sum ∑ prod ∏ ' +
  'radic √ int ∫ part ∂ nabla ∇ isin ∈ notin ∉ cap ∩ cup ∪ sub ⊂ sup ⊃ forall ∀ exist ∃ empty ∅ and ∧ or ∨ not ¬ alpha α beta β gamma γ ' +
  'delta δ epsilon ε theta θ lambda λ mu μ pi π rho ρ sigma σ tau τ phi φ omega ω Delta Δ Sigma Σ Omega Ω ' +
  'auml ä ouml ö uuml ü Auml Ä Ouml Ö Uuml Ü szlig ß aacute á eacute é iacute í oacute ó uacute ú agrave à egrave è acirc â ecirc ê ' +
  'ccedil ç ntilde ñ aring å oslash ø iexcl ¡ iquest ¿ colon : sol / bsol \\ num # lpar ( rpar ) lsqb [ rsqb ] ' +
  'lbrace { rbrace } vert | ast * lowbar _ grave ` dollar $ percnt % excl ! quest ? comma , period . semi ; Tab \t NewLine \n'
).split(' ');
const names = new Map(table.flatMap((name, at) => (at % 2 === 0 ? [[name, table[at + 1]!] as const] : [])));

function fromCode(code: number): string {
  const isCharacter = code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
  return isCharacter ? String.fromCodePoint(code) : '\ufffd';
}

export function decodeEntities(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([a-zA-Z][a-zA-Z0-9]{1,9}));/g, (all, decimal: string | undefined, hex: string | undefined, name: string | undefined) => {
    if (name !== undefined) return names.get(name) ?? all;
    return fromCode(decimal !== undefined ? Number(decimal) : Number.parseInt(hex!, 16));
  });
}
