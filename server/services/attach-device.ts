import type { z } from "zod";
import type { AppContext, Caller } from "../context";
import type { AttachDevice } from "../contract/devices";
import { fromBase64, uuidToBytes } from "../contract/encodings";
import { AppError } from "../contract/errors";
import { attachSigningInput, verifyXEdDSA } from "../contract/signatures";

/** Binds the session to a device that the account already has, proved by a signature of the device's identity key over this session.
 *  Throws `device_required` (the account has no such device now), `forbidden` (wrong signature, or the session is another device's). */
export async function attachDevice(
  app: AppContext,
  { userId, sessionId, deviceId: present }: Caller,
  { deviceId, signatureBase64 }: z.infer<typeof AttachDevice>,
): Promise<void> {
  const device = await app.prisma.device.findUnique({ where: { userId_deviceId: { userId, deviceId }, revokedAt: null } });
  if (device === null) throw new AppError("device_required", "the account has no such device");
  if (present !== null && present !== deviceId) throw new AppError("forbidden", "the session belongs to another device");
  const input = attachSigningInput(uuidToBytes(userId), uuidToBytes(deviceId), new TextEncoder().encode(sessionId));
  if (!verifyXEdDSA(device.identityKey, input, fromBase64(signatureBase64))) {
    throw new AppError("forbidden", "the device did not sign this session");
  }
  await app.prisma.session.updateMany({ where: { sessionId, userId }, data: { deviceId } });
  app.sessions.forgetSession(sessionId);
}
