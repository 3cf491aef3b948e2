import { describeClients } from './scenarios.ts';

describeClients('implicit');
