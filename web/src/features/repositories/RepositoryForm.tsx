import { answer, api } from "@api/client";
import { useText } from "@i18n";
import { FormDialog } from "@shared/FormDialog";
import { useQueryClient } from "@tanstack/react-query";
import { Button, Checkbox, Form, Input, InputNumber, Modal } from "antd";
import { useState } from "react";
import { useNavigate } from "react-router";
import { DnfSetup } from "./DnfSetup";
import type { Repository } from "./states";
import { text } from "./text";

interface Made {
  readonly repository: Repository;
  readonly token: string;
}

/** Makes a repository, or changes the settings of the one that is given. */
export function RepositoryForm({ repository, close }: { repository?: Repository; close: () => void }) {
  const t = useText(text);
  const go = useNavigate();
  const client = useQueryClient();
  const [made, setMade] = useState<Made>();
  const [draft, setDraft] = useState({
    name: repository?.name ?? "",
    description: repository?.description ?? "",
    public: repository?.public ?? false,
    signing_required: repository?.signing_required ?? false,
    keep_versions: repository?.keep_versions ?? 5,
    generate_key: false,
  });
  const set = (changes: Partial<typeof draft>) => setDraft((before) => ({ ...before, ...changes }));
  const save = async () => {
    if (repository) {
      const { name: _, generate_key: __, ...changes } = draft;
      const path = { path: { repository: repository.name } };
      await answer(api.PATCH("/api/v1/repositories/{repository}", { params: path, body: changes }));
    } else {
      const { token, ...fresh } = await answer(api.POST("/api/v1/repositories", { body: draft }));
      setMade({ repository: fresh, token });
    }
    await client.invalidateQueries({ queryKey: ["repositories"] });
    if (repository) close();
  };
  if (made) {
    return (
      <Modal
        open
        title={made.repository.name}
        onCancel={close}
        footer={
          <Button type="primary" onClick={() => void go(`/repositories/${made.repository.name}`)}>
            {t("open")}
          </Button>
        }
      >
        <DnfSetup repository={made.repository} token={made.token} />
      </Modal>
    );
  }
  return (
    <FormDialog title={repository ? repository.name : t("add")} save={save} close={close}>
      {(wrong) => (
        <>
          {repository ? null : (
            <Form.Item label={t("name")} htmlFor="repository-name" required {...wrong("name")}>
              <Input
                id="repository-name"
                value={draft.name}
                onChange={({ target }) => set({ name: target.value })}
              />
            </Form.Item>
          )}
          <Form.Item label={t("description")} htmlFor="repository-description" {...wrong("description")}>
            <Input
              id="repository-description"
              value={draft.description}
              onChange={({ target }) => set({ description: target.value })}
            />
          </Form.Item>
          <Form.Item label={t("keepVersions")} htmlFor="repository-versions" {...wrong("keep_versions")}>
            <InputNumber
              id="repository-versions"
              min={1}
              max={100}
              value={draft.keep_versions}
              onChange={(value) => set({ keep_versions: value ?? 5 })}
            />
          </Form.Item>
          <Form.Item {...wrong("public")}>
            <Checkbox checked={draft.public} onChange={({ target }) => set({ public: target.checked })}>
              {t("isPublic")}
            </Checkbox>
          </Form.Item>
          <Form.Item {...wrong("signing_required")}>
            <Checkbox
              checked={draft.signing_required}
              onChange={({ target }) => set({ signing_required: target.checked })}
            >
              {t("signingRequired")}
            </Checkbox>
          </Form.Item>
          {repository ? null : (
            <Form.Item {...wrong("generate_key")}>
              <Checkbox
                checked={draft.generate_key}
                onChange={({ target }) => set({ generate_key: target.checked })}
              >
                {t("generateKey")}
              </Checkbox>
            </Form.Item>
          )}
        </>
      )}
    </FormDialog>
  );
}
