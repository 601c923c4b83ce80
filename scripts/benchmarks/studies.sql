-- Studies and series of :studies studies in ten years, as thirty hospitals would have them, in the
-- order in which they came. Run in the archive's database, its indexes away.
SELECT setseed(0.42);
SET work_mem = '256MB';

CREATE TEMP TABLE surname AS
SELECT * FROM unnest(
    string_to_array('王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜', NULL),
    string_to_array('Wang Li Zhang Liu Chen Yang Zhao Huang Zhou Wu Xu Sun Hu Zhu Gao Lin He Guo Ma Luo Liang Song Zheng Xie Han Tang Feng Yu Dong Xiao Cheng Cao Yuan Deng Xu Fu Shen Zeng Peng Lv Su Lu Jiang Cai Jia Ding Wei Xue Ye Yan Yu Pan Du Dai Xia Zhong Wang Tian Ren Jiang', ' ')
) WITH ORDINALITY AS s (han, pinyin, n);

CREATE TEMP TABLE given AS
SELECT * FROM unnest(
    string_to_array('伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂文辉建国华玉梅红春燕东晓小海峰志雪云波龙飞鹏宇浩然子涵欣怡梓轩思雨佳琪俊诗嘉瑞鑫琳璐莹倩楠晨阳博凯旭斌', NULL),
    string_to_array('Wei Fang Na Xiu Ying Min Jing Li Qiang Lei Jun Yang Yong Yan Jie Juan Tao Ming Chao Lan Xia Ping Gang Gui Wen Hui Jian Guo Hua Yu Mei Hong Chun Yan Dong Xiao Xiao Hai Feng Zhi Xue Yun Bo Long Fei Peng Yu Hao Ran Zi Han Xin Yi Zi Xuan Si Yu Jia Qi Jun Shi Jia Rui Xin Lin Lu Ying Qian Nan Chen Yang Bo Kai Xu Bin', ' ')
) WITH ORDINALITY AS g (han, pinyin, n);

CREATE TEMP TABLE patient AS
SELECT p.n, 'H' || lpad((1 + floor(30 * power(p.h, 2)))::int::text, 3, '0') AS hospital,
    lpad((p.n * 7 %% 99999989)::text, 8, '0') AS patient_id,
    CASE WHEN p.style < 0.75 THEN
            s.pinyin || '^' || g.pinyin || coalesce(lower(k.pinyin), '')
            || '=' || s.han || '^' || g.han || coalesce(k.han, '')
        WHEN p.style < 0.9 THEN upper(s.pinyin || ' ' || g.pinyin || coalesce(' ' || k.pinyin, ''))
        ELSE s.han || g.han || coalesce(k.han, '') END AS patient_name,
    date '1930-01-01' + (p.age * 33000)::int AS birth_date,
    CASE WHEN (p.style * 1000)::int %% 2 = 0 THEN 'M' ELSE 'F' END AS sex
FROM (SELECT n, random() AS h, random() AS style, random() AS age,
        1 + floor(60 * power(random(), 1.5))::int AS s,
        1 + floor(75 * power(random(), 1.3))::int AS g,
        CASE WHEN random() < 0.75 THEN 1 + floor(75 * power(random(), 1.3))::int END AS k
    FROM generate_series(1, greatest(1, %(studies)s * 6 / 10)) AS n) AS p
JOIN surname s ON s.n = p.s JOIN given g ON g.n = p.g LEFT JOIN given k ON k.n = p.k;

-- How often which modality, with how many series of how many instances: a hundred a study, by and by.
CREATE TEMP TABLE kind (modality text, upto float, series int, instances int, sop_class text,
    body_parts text[], descriptions text[]);
INSERT INTO kind VALUES
('CT', 0.30, 5, 48, '1.2.840.10008.5.1.4.1.1.2', '{CHEST,HEAD,ABDOMEN}',
    '{胸部CT平扫,头颅CT平扫,上腹部CT增强,冠脉CTA,Chest^Routine}'),
('MR', 0.45, 7, 21, '1.2.840.10008.5.1.4.1.1.4', '{HEAD,LSPINE,KNEE}',
    '{头颅MR平扫,腰椎MR平扫,颈椎MR平扫,膝关节MR,Brain^T2}'),
('DX', 0.80, 1, 2, '1.2.840.10008.5.1.4.1.1.1.1', '{CHEST,HAND,PELVIS}',
    '{胸部正位,胸部正侧位,骨盆正位,Chest PA}'),
('US', 0.95, 1, 20, '1.2.840.10008.5.1.4.1.1.6.1', '{ABDOMEN,NECK,HEART}',
    '{腹部彩超,甲状腺彩超,心脏彩超}'),
('MG', 0.98, 4, 1, '1.2.840.10008.5.1.4.1.1.1.2', '{BREAST}', '{双乳钼靶}'),
('XA', 1.00, 2, 15, '1.2.840.10008.5.1.4.1.1.12.1', '{HEART,HEAD}', '{冠脉造影,脑血管造影}');

INSERT INTO archive.study (study_uid, hospital, revision, patient_id, patient_name, birth_date, sex,
    accession_number, study_id, study_date, study_time, description, referring_physician,
    station_name, calling_ae, modalities, body_parts, series_count, instance_count, size,
    first_received, last_received)
SELECT '1.2.156.7.' || g.n, p.hospital, 1, p.patient_id, p.patient_name, p.birth_date, p.sex,
    k.modality || to_char(g.at, 'YYMMDD') || lpad((g.n %% 100000)::text, 5, '0'),
    g.n::text, g.at::date, g.at::time,
    k.descriptions[1 + floor(g.r * cardinality(k.descriptions))::int],
    (SELECT han FROM surname WHERE n = 1 + g.n * 13 %% 60) || (SELECT han FROM given WHERE n = 1 + g.n * 31 %% 75),
    k.modality || '0' || g.n %% 4, k.modality || '_' || p.hospital, ARRAY[k.modality],
    ARRAY[k.body_parts[1 + floor(g.r * cardinality(k.body_parts))::int]],
    k.series, k.series * greatest(1, round(k.instances * %(scale)s)),
    k.series * greatest(1, round(k.instances * %(scale)s)) * 527000,
    g.at + interval '1 minute', g.at + interval '3 minutes'
FROM (SELECT n, 1 + floor(random() * greatest(1, %(studies)s * 6 / 10))::bigint AS patient,
        random() AS modality, random() AS r,
        date_trunc('second', timestamp '2016-01-01' + floor((n - 1) * 3652.0 / %(studies)s) * interval '1 day'
            + CASE WHEN random() < 0.85 THEN interval '7.5 hours' + random() * interval '10 hours'
                ELSE random() * interval '24 hours' END) AS at
    FROM generate_series(1, %(studies)s::bigint) AS n) AS g
JOIN patient p ON p.n = g.patient
JOIN LATERAL (SELECT * FROM kind WHERE g.modality <= upto ORDER BY upto LIMIT 1) AS k ON true
ORDER BY g.n;

INSERT INTO archive.series (study_id, series_uid, number, modality, description, body_part,
    laterality, series_date, series_time, instance_count, last_received, described)
SELECT t.id, '1.2.156.8.' || t.id || '.' || n, n, t.modalities[1], 'Series ' || n, t.body_parts[1], '',
    t.study_date, t.study_time, t.instance_count / t.series_count, t.last_received, true
FROM archive.study t CROSS JOIN LATERAL generate_series(1, t.series_count) AS n
ORDER BY t.id, n;
