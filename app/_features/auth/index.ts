/** Creating an account, signing in, getting a browser its keys, and keeping the recovery key. The screens are imported by their routes
 *  from their own modules; here is what other features use. */
export { FormFailure } from "./form-failure";
export { NewPasswordField } from "./new-password-field";
export { useCopy } from "./use-copy";
export { useForm } from "./use-form";
export { usePasswordStrength } from "./use-password-strength";
