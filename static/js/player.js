// Plays a provider's video in the page after a click. Before that, no request goes to the provider.

const player = document.querySelector("[data-player]");

player.querySelector("a").addEventListener("click", (event) => {
  event.preventDefault();
  const frame = document.createElement("iframe");
  frame.className = "player__frame";
  frame.title = player.dataset.playerTitle;
  frame.loading = "lazy";
  frame.allow = "fullscreen; picture-in-picture; encrypted-media";
  // Providers refuse to play without a referrer.
  frame.referrerPolicy = "strict-origin-when-cross-origin";
  frame.tabIndex = 0;
  frame.src = player.dataset.player;
  player.replaceChildren(frame);
  frame.focus();
});
