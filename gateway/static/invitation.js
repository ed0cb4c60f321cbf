// Reads the code of the letter's link into the form. It stands behind `#`, which no server sees; then it leaves the
// address, so that it stays neither on the screen nor in the browser's history. Without JavaScript it is pasted.
const field = document.getElementById("code");
const other = document.querySelector("header a[hreflang]");
if (location.hash.length > 1) {
  field.value = location.hash.slice(1);
  document.getElementById("found").hidden = false;
  document.getElementById("given_name").focus();
  history.replaceState(null, "", location.pathname + location.search);
}
other.addEventListener("click", () => { other.hash = field.value; });
