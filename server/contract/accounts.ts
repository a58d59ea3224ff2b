/** Accounts, sign-in sessions and invites: what travels between browser and server. */
import { z } from "zod";
import { TimeMs } from "./encodings";
import { DeviceId, UserId } from "./ids";
import { MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH, USERNAME_PATTERN } from "./limits";

export const Username = z.string().regex(USERNAME_PATTERN, "3 to 32 of a–z, 0–9, dot and underscore");
export const Password = z.string().min(MIN_PASSWORD_LENGTH).max(MAX_PASSWORD_LENGTH);
export const InviteCode = z.string().regex(/^[A-Za-z0-9_-]{16,64}$/);

export const Registration = z.enum(["open", "invite", "closed"]);

/** What anyone may know before signing in. */
export const ServerInfo = z.object({
  /** Host name of the public address, shown at sign-up. */
  name: z.string(),
  version: z.string(),
  registration: Registration,
  /** True until the first account exists: that one becomes the administrator. */
  firstAccount: z.boolean(),
  realtime: z.object({ key: z.string(), host: z.string().nullable(), port: z.int().nullable(), tls: z.boolean().nullable() }),
});
export type ServerInfo = z.infer<typeof ServerInfo>;

export const SignUp = z.object({ username: Username, password: Password, invite: InviteCode.optional() });

/** Who a session belongs to. `deviceId` is null until this session registered, attached or linked a device. */
export const Me = z.object({
  userId: UserId,
  username: Username,
  isAdmin: z.boolean(),
  sessionId: z.string(),
  deviceId: DeviceId.nullable(),
  /** False right after sign-up: the account has no key yet, so this browser may make it. */
  hasManifest: z.boolean(),
});
export type Me = z.infer<typeof Me>;

export const ChangePassword = z.object({
  currentPassword: z.string().max(MAX_PASSWORD_LENGTH),
  newPassword: Password,
  endOtherSessions: z.boolean(),
});
export const DeleteAccount = z.object({ password: z.string().max(MAX_PASSWORD_LENGTH) });

export const FindAccount = z.object({ username: Username });
/** Same shape and size whether the account is absent, suspended or deleted. */
export const FoundAccount = z.object({ userId: UserId.nullable() });

export const SessionInfo = z.object({
  sessionId: z.string(),
  current: z.boolean(),
  createdAtMs: TimeMs,
  lastSeenAtMs: TimeMs,
  userAgent: z.string(),
  ipAddress: z.string(),
  deviceId: DeviceId.nullable(),
});
export type SessionInfo = z.infer<typeof SessionInfo>;

export const InviteInfo = z.object({
  code: InviteCode,
  createdAtMs: TimeMs,
  expiresAtMs: TimeMs,
  usedBy: Username.nullable(),
});
export type InviteInfo = z.infer<typeof InviteInfo>;
export const CreateInvite = z.object({ validDays: z.int().min(1).max(90).default(7) });
