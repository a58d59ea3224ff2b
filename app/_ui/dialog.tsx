/** NOTE: this pulls in react-aria: import it only from modules that are loaded lazily, when the dialog opens. */
import { X } from "lucide-react";
import type { ReactNode } from "react";
import { Heading, I18nProvider, Modal, ModalOverlay, Dialog as ReactAriaDialog } from "react-aria-components";
import { classes } from "./classes";
import { IconButton } from "./icon-button";

export type DialogProps = {
  title: string;
  /** Name of the closing button; without it there is none (the foot must then offer a way out). */
  closeLabel?: string;
  onClose: () => void;
  /** "alertdialog" for a question that must be answered: a click outside does not close it. */
  role?: "dialog" | "alertdialog";
  wide?: boolean;
  /** The body has no side padding: for lists whose rows reach the edges. */
  flush?: boolean;
  /** Buttons at the foot, the confirming one last. */
  foot?: ReactNode;
  children?: ReactNode;
};

/** A modal dialog, open while it is rendered; Escape closes it and focus returns to where it was. Fills the screen of a phone. */
export function Dialog({ title, closeLabel, onClose, role = "dialog", wide, flush, foot, children }: DialogProps) {
  return (
    <I18nProvider locale={document.documentElement.lang || "en"}>
      <ModalOverlay
        className="dialog-scrim"
        data-size={wide ? "wide" : undefined}
        isOpen
        isDismissable={role === "dialog"}
        onOpenChange={(open) => !open && onClose()}
      >
        <Modal>
          <ReactAriaDialog className="dialog" role={role}>
            <div className="dialog-head">
              <Heading slot="title" level={2}>
                {title}
              </Heading>
              {closeLabel && (
                <IconButton label={closeLabel} onClick={onClose}>
                  <X className="icon" aria-hidden="true" />
                </IconButton>
              )}
            </div>
            <div className={classes("dialog-body", flush && "dialog-body-flush")}>{children}</div>
            {foot && <div className="dialog-foot">{foot}</div>}
          </ReactAriaDialog>
        </Modal>
      </ModalOverlay>
    </I18nProvider>
  );
}
