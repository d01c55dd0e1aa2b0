// Values of curves where one points, or where the arrow keys go.
class CurvesView {
  constructor(figure) {
    const data = JSON.parse(figure.querySelector(".curve-data").textContent);
    this.lines = data.lines.filter((line) => line.px.length);
    this.xLabel = data.x_label;
    this.plot = figure.querySelector(".plot");
    this.drawing = figure.querySelector("svg.chart");
    this.cursor = figure.querySelector(".cursor");
    this.tip = figure.querySelector(".tip");
    this.at = -1;
    if (this.lines.length) this.listen();
  }
  listen() {
    this.plot.tabIndex = 0;
    this.drawing.addEventListener("pointermove", (event) => {
      const matrix = this.drawing.getScreenCTM();
      this.show(nearest(this.lines[0], (event.clientX - matrix.e) / matrix.a));
    });
    this.drawing.addEventListener("pointerleave", () => this.hide());
    this.plot.addEventListener("blur", () => this.hide());
    this.plot.addEventListener("keydown", (event) => {
      const last = this.lines[0].px.length - 1;
      const to = { ArrowLeft: this.at - 1, ArrowRight: this.at + 1, Home: 0, End: last }[event.key];
      if (event.key === "Escape") this.hide();
      if (to === undefined) return;
      event.preventDefault();
      this.show(Math.min(Math.max(to, 0), last));
    });
  }
  show(index) {
    const [first] = this.lines;
    const x = first.px[index];
    this.at = index;
    this.cursor.setAttribute("x1", x);
    this.cursor.setAttribute("x2", x);
    this.cursor.setAttribute("visibility", "visible");
    const rows = this.lines.map((line) => `${line.name}  ${line.y[nearest(line, x)]}`);
    this.tip.textContent = [`${this.xLabel} ${first.x[index]}`, ...rows].join("\n");
    this.tip.hidden = false;
    const matrix = this.drawing.getScreenCTM();
    const left = x * matrix.a + matrix.e - this.plot.getBoundingClientRect().left;
    this.tip.style.left = `${Math.min(Math.max(left + 10, 0), this.plot.clientWidth - this.tip.offsetWidth)}px`;
  }
  hide() {
    this.at = -1;
    this.tip.hidden = true;
    this.cursor.setAttribute("visibility", "hidden");
  }
}

function nearest(line, x) {
  return line.px.reduce((best, at, index) => (Math.abs(at - x) < Math.abs(line.px[best] - x) ? index : best), 0);
}

for (const figure of document.querySelectorAll(".curves-figure")) new CurvesView(figure);
