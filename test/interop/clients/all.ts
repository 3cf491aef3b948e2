import { aioftp } from './aioftp.ts';
import { basicFtp } from './basic-ftp.ts';
import type { ClientKind } from './client.ts';
import { curl } from './curl.ts';
import { ftplib } from './ftplib.ts';
import { inetutilsFtp } from './inetutils-ftp.ts';
import { lftp } from './lftp.ts';
import { ncftp } from './ncftp.ts';
import { netFtp } from './net-ftp.ts';
import { npmFtp } from './npm-ftp.ts';
import { rclone } from './rclone.ts';
import { tnftp } from './tnftp.ts';
import { wget } from './wget.ts';

export const clients: readonly ClientKind[] = [
  curl,
  lftp,
  rclone,
  ncftp,
  wget,
  tnftp,
  inetutilsFtp,
  ftplib,
  aioftp,
  netFtp,
  basicFtp,
  npmFtp,
];
