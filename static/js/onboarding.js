// Preselects the browser's time zone for a new member. Without JavaScript, UTC is selected.

const select = document.querySelector("select[data-propose-zone]");
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

// Names without a region, such as CET, differ between machines.
if (select && zone?.includes("/")) {
  // A browser may use an alias that is not in the list. The server accepts it too.
  if (![...select.options].some((option) => option.value === zone)) {
    select.prepend(new Option(zone.replaceAll("_", " "), zone));
  }
  select.value = zone;
}
