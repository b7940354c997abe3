"use strict";
for (const code of document.querySelectorAll("[data-copy]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  button.title = "Copy the replay command";
  const say = (words) => {
    button.textContent = words;
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  };
  button.addEventListener("click", () => {
    const select = () => {
      getSelection().selectAllChildren(code);
      say("Selected");
    };
    if (!navigator.clipboard) return select();
    navigator.clipboard.writeText(code.textContent).then(() => say("Copied"), select);
  });
  code.after(button);
}
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details.steps")) details.open = true;
});
