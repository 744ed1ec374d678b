"use strict";

// What the sheet asks and keeps, without the page: answers are a map from the question's name to letters.
// A, B: that class; N: neither; U: unclear; M: mixed, followed by the letter of the marked pixel.

function letters(content, pending) {
  if (pending) return ["A", "B", "N"];
  return content.mixed ? ["A", "B", "N", "M"] : ["A", "B", "N", "U"];
}

// The answer that an earlier question of the same component gives to question `index`; null if it must be asked.
function inherited(content, answers, index) {
  if (!content.mixed) return null;
  const component = content.questions[index].component;
  for (let earlier = 0; earlier < index; earlier += 1) {
    const question = content.questions[earlier];
    const answer = answers[question.name];
    if (question.component === component && answer && answer[0] !== "M") return answer;
  }
  return null;
}

function answerOf(content, answers, index) {
  return answers[content.questions[index].name] || inherited(content, answers, index);
}

// The first question without an answer; the number of questions if there is none.
function firstOpen(content, answers) {
  let index = 0;
  while (index < content.questions.length && answerOf(content, answers, index)) index += 1;
  return index;
}

// The next question to show from `index` in a direction: those whose answer is inherited are passed over.
function neighbour(content, answers, index, direction) {
  let next = index + direction;
  while (next > 0 && next < content.questions.length && inherited(content, answers, next)) next += direction;
  return Math.min(Math.max(next, 0), content.questions.length);
}

function quoted(text) {
  return /[",\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
}

function csv(content, answers) {
  const given = content.questions.filter((question) => answers[question.name]);
  const lines = given.map((question) => [content.id, question.name, answers[question.name], quoted(question.image)].join(","));
  return ["sheet,question,answer,image", ...lines, ""].join("\n");
}

function start(content) {
  const shown = (id) => document.getElementById(id);
  const place = "pixcon-diag " + content.id + " " + content.file;
  let kept = true;
  let answers = {};
  try {
    answers = JSON.parse(localStorage.getItem(place) || "{}");
  } catch (error) {
    kept = false;
  }
  let index = firstOpen(content, answers);
  let pending = false; // whether the marked pixel of a mixed region is asked

  function keep() {
    try {
      localStorage.setItem(place, JSON.stringify(answers));
    } catch (error) {
      kept = false;
    }
  }

  function choose(letter) {
    if (index >= content.questions.length || !letters(content, pending).includes(letter)) return;
    if (letter === "M") {
      pending = true;
    } else {
      answers[content.questions[index].name] = (pending ? "M" : "") + letter;
      pending = false;
      keep();
      index = neighbour(content, answers, index, 1);
    }
    draw();
  }

  function go(direction) {
    if (pending) pending = false;
    else index = neighbour(content, answers, index, direction);
    draw();
  }

  function save() {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([csv(content, answers)], { type: "text/csv" }));
    link.download = content.file;
    link.click();
    URL.revokeObjectURL(link.href);
  }

  function button(letter, text, color, given) {
    const made = document.createElement("button");
    const key = document.createElement("kbd");
    key.textContent = letter;
    made.append(key);
    if (color) {
      const swatch = document.createElement("span");
      swatch.className = "swatch";
      swatch.style.background = color;
      made.append(swatch);
    }
    made.append(" " + text);
    made.className = given ? "given" : "";
    made.onclick = () => choose(letter);
    return made;
  }

  function choices(question, given) {
    const texts = { N: "neither", M: "mixed", U: "unclear" };
    return letters(content, pending).map((letter) => {
      const known = question.classes.find((one) => one.key === letter);
      return button(letter, known ? known.text : texts[letter], known && known.color, given === letter);
    });
  }

  function draw() {
    const total = content.questions.length;
    const done = content.questions.filter((_, at) => answerOf(content, answers, at)).length;
    shown("progress").value = total ? done / total : 1;
    shown("warning").hidden = kept;
    shown("warning").textContent = "This browser does not keep answers of a local file: save them before closing the page.";
    shown("question").hidden = index >= total;
    if (index >= total) {
      shown("status").textContent = done + " of " + total + " answered. Save the answers (S).";
      return;
    }
    const question = content.questions[index];
    const given = (answers[question.name] || "").slice(pending ? 1 : 0)[0];
    shown("status").textContent = "question " + (index + 1) + " of " + total + ", " + done + " answered";
    shown("photograph").src = question.photograph;
    shown("outline").src = question.outline;
    shown("caption").textContent = question.caption;
    shown("mark").hidden = content.mixed && !pending;
    shown("mark").style.left = 100 * question.mark[0] + "%";
    shown("mark").style.top = 100 * question.mark[1] + "%";
    shown("asked").textContent = content.mixed && !pending ? "What is in the outline?" : "What is at the circle's centre?";
    shown("choices").replaceChildren(...choices(question, given));
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.toUpperCase();
    if (key === "ARROWLEFT") go(-1);
    else if (key === "ARROWRIGHT") go(1);
    else if (key === "ESCAPE") go(0);
    else if (key === "O") toggle();
    else if (key === "S") save();
    else choose(key);
  });
  function toggle() {
    shown("outline").hidden = !shown("outline").hidden;
  }
  shown("back").onclick = () => go(-1);
  shown("forward").onclick = () => go(1);
  shown("toggle").onclick = toggle;
  shown("save").onclick = save;
  draw();
}

if (typeof document === "undefined") module.exports = { letters, inherited, answerOf, firstOpen, neighbour, csv, start };
else start(JSON.parse(document.getElementById("content").textContent));
