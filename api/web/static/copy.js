// Copies a hash in full. Without scripts, or a clipboard, the buttons stay hidden.
const announce = document.querySelector(".announce");

async function copy(button) {
  await navigator.clipboard.writeText(button.dataset.copy);
  announce.textContent = announce.dataset.copied;
  button.classList.add("done");
  setTimeout(() => {
    button.classList.remove("done");
    announce.textContent = "";
  }, 1500);
}

if (navigator.clipboard) {
  for (const button of document.querySelectorAll("button.copy")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button));
  }
}
