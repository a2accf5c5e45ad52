import '../styles/tokens.css';
import '../styles/base.css';
import { mount } from 'svelte';
import App from './App.svelte';

// In a task of its own: with the modules' evaluation it would hold a telephone up for long.
setTimeout(() => {
  const target = document.getElementById('app')!;
  target.replaceChildren();
  mount(App, { target });
});
