import { describeClients } from './scenarios.ts';

describeClients('explicit');
