// The shapes of figures over time, by hand; tests/e2e/types.spec.ts holds them against the server's own.

export interface FigurePage {
  items: string[];
  next: string;
}
export interface FigureQuery {
  figures: string[];
  from: string;
  to: string;
  points: number;
}
export interface FigureLines {
  from: string;
  step_ms: number;
  ran_seconds: number[];
  lines: { figure: string; points: (number | null)[] }[];
}
