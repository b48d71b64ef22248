// Proposes the browser's time zone to a newcomer. Without it the select stands at UTC.

const select = document.querySelector("select[data-propose-zone]");
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

// Names without a region (CET) mean different things to different machines.
if (select && zone?.includes("/")) {
  // A browser may call the zone by an alias that is not in the list; the server knows it too.
  if (![...select.options].some((option) => option.value === zone)) {
    select.prepend(new Option(zone.replaceAll("_", " "), zone));
  }
  select.value = zone;
}
