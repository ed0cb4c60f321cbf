// Shows new mail on the first page of the list without anyone having to reload it.
const list = document.querySelector("[data-live=yes]");
let shown;
async function look() {
  try {
    const newest = (await (await fetch("/newest")).json()).id;
    if (shown !== undefined && newest !== shown && document.activeElement?.id !== "to") return location.reload();
    shown = newest;
  } catch { /* the inbox is restarting: ask again */ }
  setTimeout(look, 3000);
}
if (list) look();
