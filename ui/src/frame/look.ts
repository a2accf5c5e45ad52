// How diagrams look, in the colours of the page (styles/tokens.css) as mermaid can read them, and what their text may not change.
import type { MermaidConfig } from 'mermaid';
import { edgesMost, textMost } from '../lib/md/diagram/protocol';

// Pictures have no fonts of the page: what is measured here must be what is drawn there.
const fontFamily = 'system-ui, "Liberation Sans", Arial, sans-serif';

interface Colours {
  paper: string;
  ink: string;
  quiet: string;
  edge: string;
  box: string;
  group: string;
  note: string;
  series: readonly string[]; // grounds on which ink is read
}
const light: Colours = {
  paper: '#fdfbf7', ink: '#241e1a', quiet: '#4d4640', edge: '#8b837a', box: '#f1ece3', group: '#f8f4ec', note: '#f6e9c8',
  series: ['#d9e2f3', '#f3dfc1', '#c9e6e1', '#dcd5f5', '#f2d3e6', '#d5e6c8', '#f4d2c8', '#dfe3e8'],
};
const dark: Colours = {
  paper: '#1b1714', ink: '#f0ece5', quiet: '#c1b9af', edge: '#857c72', box: '#2d2722', group: '#221d19', note: '#4a3d1d',
  series: ['#2f405f', '#5c4420', '#1f4f4a', '#41377a', '#5d2f4f', '#34512a', '#643328', '#3d444d'],
};

const numbered = (names: readonly string[], values: readonly string[], count: number): Record<string, string> =>
  Object.fromEntries(names.flatMap((name) => Array.from({ length: count }, (_, at) => [`${name}${at}`, values[at % values.length]!])));

function variablesOf({ paper, ink, quiet, edge, box, group, note, series }: Colours, isDark: boolean): Record<string, unknown> {
  const first = series[0]!;
  return {
    darkMode: isDark, fontFamily, fontSize: '15px', background: paper,
    primaryColor: box, primaryTextColor: ink, primaryBorderColor: edge, secondaryColor: first, secondaryTextColor: ink, secondaryBorderColor: edge,
    tertiaryColor: group, tertiaryTextColor: ink, tertiaryBorderColor: edge, lineColor: quiet, textColor: ink, titleColor: ink,
    edgeLabelBackground: paper, clusterBkg: group, clusterBorder: edge, noteBkgColor: note, noteTextColor: ink, noteBorderColor: edge,
    actorBkg: box, actorBorder: edge, actorTextColor: ink, actorLineColor: edge, signalColor: quiet, signalTextColor: ink, labelTextColor: ink, loopTextColor: ink, activationBkgColor: first, sequenceNumberColor: paper,
    ...numbered(['cScale'], series, 12), ...numbered(['cScaleLabel'], [ink], 12), ...numbered(['cScalePeer', 'cScaleInv'], [edge], 12),
    ...numbered(['fillType'], series, 8), ...numbered(['git'], series, 8), ...numbered(['gitBranchLabel', 'gitInv'], [ink], 8), commitLabelColor: ink, commitLabelBackground: box, tagLabelColor: ink, tagLabelBackground: note, tagLabelBorder: edge,
    ...Object.fromEntries(Array.from({ length: 12 }, (_, at) => [`pie${at + 1}`, series[at % series.length]!])), pieTitleTextColor: ink, pieSectionTextColor: ink, pieLegendTextColor: ink, pieStrokeColor: paper, pieOuterStrokeColor: edge, pieOpacity: '1',
    taskBkgColor: first, taskTextColor: ink, taskTextDarkColor: ink, taskTextLightColor: ink, taskTextOutsideColor: ink, taskBorderColor: edge, activeTaskBkgColor: series[2], activeTaskBorderColor: edge, doneTaskBkgColor: box, doneTaskBorderColor: edge,
    critBkgColor: series[6], critBorderColor: edge, sectionBkgColor: group, altSectionBkgColor: paper, sectionBkgColor2: group, gridColor: edge, todayLineColor: quiet,
    rowOdd: paper, rowEven: group, stateLabelColor: ink, arrowheadColor: quiet, vertLineColor: quiet, excludeBkgColor: group, archEdgeColor: quiet, archEdgeArrowColor: quiet, archGroupBorderColor: edge,
    radar: { axisColor: edge, graticuleColor: edge, graticuleOpacity: 0.15 }, packet: { startByteColor: ink, endByteColor: ink, labelColor: ink, titleColor: ink, blockStrokeColor: edge, blockFillColor: box },
    quadrant1Fill: group, quadrant2Fill: box, quadrant3Fill: group, quadrant4Fill: box, quadrantPointFill: quiet, quadrantPointTextFill: ink, quadrantTitleFill: ink, quadrant1TextFill: ink, quadrant2TextFill: ink, quadrant3TextFill: ink, quadrant4TextFill: ink,
    xyChart: { backgroundColor: paper, titleColor: ink, xAxisLabelColor: ink, xAxisTitleColor: ink, xAxisTickColor: edge, xAxisLineColor: edge, yAxisLabelColor: ink, yAxisTitleColor: ink, yAxisTickColor: edge, yAxisLineColor: edge, plotColorPalette: isDark ? '#8fb0e8,#e2b15f,#5cc0b3,#b8a6f0' : '#3c62a8,#9a6a14,#1c7f73,#6250c4' },
  };
}

// Nothing moves. The middle of a mind map, a circle, has its words there; what mermaid draws in a fixed grey is seen on dark, too.
const rulesOf = ({ quiet }: Colours): string => `
  * { animation: none !important; }
  .mindmap-node > .label[transform^="translate(0,"] text { text-anchor: middle; }
  [stroke="#444444"] { stroke: ${quiet}; }
  [fill="#444444"] { fill: ${quiet}; }`;

export const configOf = (isDark: boolean): MermaidConfig => ({
  startOnLoad: false,
  suppressErrorRendering: true,
  logLevel: 5,
  deterministicIds: true,
  securityLevel: 'strict',
  htmlLabels: false,
  maxTextSize: textMost,
  maxEdges: edgesMost,
  theme: 'base',
  themeVariables: variablesOf(isDark ? dark : light, isDark),
  themeCSS: rulesOf(isDark ? dark : light),
  fontFamily,
  gantt: { fontSize: 13, sectionFontSize: 13, barHeight: 26, barGap: 6, leftPadding: 110 },
  // What a diagram's own directives and front matter cannot set, at any depth.
  secure: ['secure', 'securityLevel', 'startOnLoad', 'suppressErrorRendering', 'maxTextSize', 'maxEdges', 'htmlLabels', 'theme', 'themeVariables', 'themeCSS', 'darkMode', 'fontFamily', 'altFontFamily', 'dompurifyConfig', 'logLevel',
    'deterministicIds', 'deterministicIDSeed', 'arrowMarkerAbsolute', 'legacyMathML', 'forceLegacyMathML', 'noteFontFamily', 'actorFontFamily', 'messageFontFamily'],
});
