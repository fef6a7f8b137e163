import { mount } from 'svelte';

import App from './App.svelte';
import './styles/tokens.css';
import './styles/ui.css';
import './styles/shell.css';

const target = document.getElementById('app');
if (!target) throw new Error('index.html has no element #app');

export default mount(App, { target });
