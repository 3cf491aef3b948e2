import { describeClients } from './scenarios.ts';

describeClients('plain');
