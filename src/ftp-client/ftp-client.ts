import { Client } from 'basic-ftp';

/**
 * basic-ftp's client without the stack trace that it takes of each command, for a mistake of its caller that cannot be
 * made here. That was a sixth of the time that a small file took, and more where somebody formats stack traces, as VS
 * Code does.
 */
export class FtpClient extends Client {
  constructor(...options: ConstructorParameters<typeof Client>) {
    super(...options);
    const { ftp } = this;
    const handle = ftp.handle.bind(ftp);
    ftp.handle = (command, handler) => {
      const { stackTraceLimit } = Error;
      Error.stackTraceLimit = 0;
      try {
        return handle(command, handler);
      } finally {
        Error.stackTraceLimit = stackTraceLimit;
      }
    };
  }
}
